"""How a job's report looks, in light, in the dark and on paper. A constant, so that no file is needed."""

STYLE = """
:root{color-scheme:light dark;--page:#fff;--card:#f5f7fa;--line:#d8dee6;--text:#18212c;--soft:#556270;--accent:#1f5fbf;
--good:#1b7a3d;--bad:#b3261e;--warn:#8a5a00;--badback:#fdf0ef;--warnback:#fff6e0}
@media(prefers-color-scheme:dark){:root{--page:#12171e;--card:#1b222c;--line:#333e4b;--text:#e6ebf1;--soft:#a3b0bf;
--accent:#7db0ff;--good:#6fd08c;--bad:#ff9a92;--warn:#f0c36a;--badback:#2c1a1b;--warnback:#2b2415}}
*{box-sizing:border-box}
body{margin:0 auto;padding:24px 20px 48px;max-width:1020px;background:var(--page);color:var(--text);
font:15px/1.5 system-ui,"Segoe UI",Roboto,Helvetica,Arial,sans-serif;overflow-wrap:anywhere}
h1{font-size:22px;margin:0 0 2px}
h2{font-size:17px;margin:34px 0 8px}
p{margin:4px 0}
.soft{color:var(--soft)}
.status{display:inline-block;padding:1px 10px;border:1px solid;border-radius:12px;font-size:14px;font-weight:600;
vertical-align:3px;margin-left:8px}
.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(106px,1fr));gap:10px;margin:18px 0 0;padding:0}
.tiles div{background:var(--card);border-radius:8px;padding:9px 12px}
.tiles dt{font-size:13px;color:var(--soft)}
.tiles dd{margin:0;font-size:20px;font-weight:600;font-variant-numeric:tabular-nums;white-space:nowrap}
.box{border-left:4px solid;border-radius:4px;padding:9px 14px;margin:14px 0}
.box.bad{background:var(--badback)}.box.warn{background:var(--warnback)}
.box>*{color:var(--text)}
.box strong{color:inherit}
svg{display:block;width:100%;height:auto;background:var(--card);border-radius:8px;padding:8px 4px}
svg text{font:12px system-ui,"Segoe UI",Roboto,Helvetica,Arial,sans-serif;fill:var(--soft)}
svg .note{fill:var(--text)}
svg .grid{stroke:var(--line)}svg .axis{stroke:var(--soft)}
svg .area{fill:var(--accent);fill-opacity:.3;stroke:var(--accent);stroke-width:1.2}
svg .bar,svg .busy{fill:var(--accent)}
svg .failed{fill:var(--bad)}
.chart{overflow-x:auto;background:var(--card);border-radius:8px}
@media(max-width:720px){.chart svg{width:760px}}
svg .idle{fill:var(--line);fill-opacity:.5}
svg .mark{stroke:var(--text);stroke-dasharray:4 3}
svg .cut{fill:var(--line)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:4px 10px 4px 0;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600;font-size:13px;color:var(--soft);overflow-wrap:normal}
td.number,th.number{text-align:right;white-space:nowrap}
details{border:1px solid var(--line);border-radius:8px;padding:7px 12px;margin:8px 0}
summary{cursor:pointer}
pre{overflow-x:auto;background:var(--card);border-radius:6px;padding:10px 12px;margin:8px 0;
font:13px/1.45 ui-monospace,"SF Mono",Menlo,Consolas,monospace}
code{font:13px ui-monospace,"SF Mono",Menlo,Consolas,monospace}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(380px,1fr));gap:0 32px}
@media(max-width:460px){.two{grid-template-columns:1fr}}
@media print{body{max-width:none}details{break-inside:avoid}}
"""
