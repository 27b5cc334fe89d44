// Texts in as JSON, for each renderer of npm a list of HTML out. The argument is the package.json beside node_modules.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const place = createRequire(process.argv[2]);
const load = async (name) => import(pathToFileURL(place.resolve(name)));
const texts = JSON.parse(readFileSync(0, 'utf8'));

const commonmark = await load('commonmark');
const markdownIt = (await load('markdown-it')).default;
const { marked } = await load('marked');
const { micromark } = await load('micromark');
const gfm = await load('micromark-extension-gfm');
const showdown = (await load('showdown')).default;

const reader = new commonmark.Parser();
const writer = new commonmark.HtmlRenderer({ safe: false });
const it = markdownIt({ html: true, linkify: true, typographer: true });
const down = new showdown.Converter({ simplifiedAutoLink: true, ghMentions: true, tables: true, strikethrough: true,
  tasklists: true, emoji: true, noHeaderId: true });
const micro = { allowDangerousHtml: true, extensions: [gfm.gfm()], htmlExtensions: [gfm.gfmHtml()] };

const renderers = {
  'commonmark': (text) => writer.render(reader.parse(text)),
  'markdown-it': (text) => it.render(text),
  'marked': (text) => marked.parse(text, { gfm: true }),
  'micromark': (text) => micromark(text, micro),
  'showdown': (text) => down.makeHtml(text),
};
const found = {};
for (const [name, render] of Object.entries(renderers)) found[name] = texts.map(render);
process.stdout.write(JSON.stringify(found));
