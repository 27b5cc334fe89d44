"""How the page of a plan looks: in light, in the dark, on a phone, on paper. A constant, so that no file is needed."""

from typing import Final

_RULES: Final = """
:root{color-scheme:light dark;--page:#fff;--card:#f5f7fa;--line:#d8dee6;--text:#18212c;--soft:#556270;--accent:#1f5fbf;
--good:#1b7a3d;--bad:#b3261e;--warn:#8a5a00;--goodback:#e5f6ea;--badback:#fdecea;--warnback:#fff6e0;
--goodmark:#a9e2ba;--badmark:#f9bdb8;--c0:#1f5fbf;--c1:#1b7a3d;--c2:#7a3fb0;--c3:#8a5a00;--c4:#0f6f74;--c5:#a32c6b}
@media(prefers-color-scheme:dark){:root{--page:#12171e;--card:#1b222c;--line:#333e4b;--text:#e6ebf1;--soft:#a3b0bf;
--accent:#7db0ff;--good:#6fd08c;--bad:#ff9a92;--warn:#f0c36a;--goodback:#16291d;--badback:#2f1c1d;--warnback:#2b2415;
--goodmark:#28593a;--badmark:#6e2d2c;--c0:#2d62ad;--c1:#27693d;--c2:#6f44a0;--c3:#7a5a1a;--c4:#1e6467;--c5:#8d3a66}}
*{box-sizing:border-box}
body{margin:0 auto;padding:24px 20px 56px;max-width:1160px;background:var(--page);color:var(--text);
font:15px/1.5 system-ui,"Segoe UI",Roboto,Helvetica,Arial,sans-serif;overflow-wrap:anywhere}
h1{font-size:22px;margin:0 0 10px}
h2{font-size:18px;margin:34px 0 8px}
h3{font-size:15px;margin:18px 0 4px}
h4{font-size:14px;margin:14px 0 6px;color:var(--soft)}
p{margin:5px 0}
.soft{color:var(--soft)}
.bad{color:var(--bad)}.warn{color:var(--warn)}.low{color:var(--accent)}
.verdict{border-left:5px solid var(--good);background:var(--goodback);border-radius:6px;
padding:12px 16px;margin:0 0 8px}
.verdict,.verdict.bad,.verdict.warn,.verdict.low{color:var(--text)}
.verdict.bad{border-color:var(--bad);background:var(--badback)}
.verdict.warn{border-color:var(--warn);background:var(--warnback)}
.verdict.low{border-color:var(--accent);background:var(--card)}
.verdict strong{display:block;font-size:17px}
.badge{display:inline-block;padding:0 8px;border:1px solid;border-radius:10px;font-size:13px;font-weight:600;
white-space:nowrap}
ul,ol{margin:6px 0;padding-left:22px}
li{margin:4px 0}
.fix{display:block;color:var(--soft)}
.word{font-weight:600}
.made .word,.new{color:var(--good)}.changed .word{color:var(--warn)}.taken .word,.gone{color:var(--bad)}
.moved .word{color:var(--accent)}
code{font:13px ui-monospace,"SF Mono",Menlo,Consolas,monospace}
pre{overflow-x:auto;background:var(--card);border-radius:6px;padding:8px 10px;margin:4px 0;
font:13px/1.45 ui-monospace,"SF Mono",Menlo,Consolas,monospace;white-space:pre-wrap}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:5px 10px 5px 0;border-bottom:1px solid var(--line);vertical-align:top}
thead th{font-weight:600;font-size:13px;color:var(--soft)}
th[scope=row]{font-weight:400}
.fields{table-layout:fixed}
.fields th:first-child{width:30%}
.fields td.gone{background:var(--badback)}.fields td.new{background:var(--goodback)}
.fields td{padding-left:8px}
.fields td code,.sides td{color:var(--text)}
mark{color:inherit;border-radius:3px;background:var(--goodmark)}
.gone mark{background:var(--badmark)}
.file{margin:14px 0 4px}
.sides{table-layout:fixed;font:13px/1.45 ui-monospace,"SF Mono",Menlo,Consolas,monospace;border:1px solid var(--line)}
.sides td{border:0;padding:0 8px;white-space:pre-wrap}
.sides .narrow{width:46px}
.sides td.number{padding:0 6px;text-align:right;color:var(--soft);user-select:none}
.sides td.gone{background:var(--badback)}.sides td.new{background:var(--goodback)}.sides td.none{background:var(--card)}
.sides .hunk td{background:var(--card);color:var(--soft);padding:2px 8px}
.traffic th:first-child{width:22%}
.traffic td{width:27%}
.traffic td:last-child{width:auto}
.bar{display:flex;min-height:26px;border-radius:5px;overflow:hidden;background:var(--card)}
.bar.none{border:1px dashed var(--soft);color:var(--soft);background:none}
.bar span{padding:2px 8px;font-size:13px;min-width:0}
.share{color:#fff}
.colour0{background:var(--c0)}.colour1{background:var(--c1)}.colour2{background:var(--c2)}.colour3{background:var(--c3)}
.colour4{background:var(--c4)}.colour5{background:var(--c5)}
details{border:1px solid var(--line);border-radius:8px;padding:8px 12px;margin:8px 0}
summary{cursor:pointer}
.chart{overflow-x:auto;margin:8px 0;background:var(--card);border-radius:8px;padding:8px}
svg{display:block}
svg text{font:12.5px ui-monospace,"SF Mono",Menlo,Consolas,monospace;fill:var(--text)}
svg text.soft{font-family:system-ui,"Segoe UI",Roboto,Helvetica,Arial,sans-serif;fill:var(--soft)}
svg rect{fill:var(--page);stroke:var(--line);stroke-width:1.5}
svg .made rect{stroke:var(--good)}svg .changed rect{stroke:var(--warn)}svg .taken rect{stroke:var(--bad)}
svg .moved rect{stroke:var(--accent)}
svg .bad rect{fill:var(--badback)}svg .warn rect{fill:var(--warnback)}
svg .line{fill:none;stroke:var(--soft);stroke-width:1.2}
@media(max-width:720px){
body{padding:16px 12px 40px}
.fields,.fields tbody,.fields tr,.fields th,.fields td{display:block;width:auto}
.fields thead,.traffic thead{display:none}
.fields th:first-child{width:auto}
.fields th,.fields td{border:0;padding:2px 6px}
.fields tr{border-bottom:1px solid var(--line);padding:5px 0}
.traffic,.traffic tbody,.traffic tr,.traffic th,.traffic td{display:block;width:auto}
.traffic th:first-child,.traffic td{width:auto}
.traffic th,.traffic td{border:0;padding:2px 0}
.traffic tr{border-bottom:1px solid var(--line);padding:6px 0}
.traffic td[data-head]::before{content:attr(data-head);font-size:13px;color:var(--soft)}
.sides,.sides tbody{display:block}
.sides colgroup{display:none}
.sides tr{display:grid;grid-template-columns:40px minmax(0,1fr)}
.sides .hunk,.sides .hunk td{display:block}
.sides td.none,.sides td.before{display:none}
}
@media print{body{max-width:none}details{break-inside:avoid}}
"""
STYLE: Final = (
    _RULES + "".join(f".of{share}{{flex:{share}}}" for share in range(1, 101)) + "\n"
)  # a policy may forbid style in a tag
