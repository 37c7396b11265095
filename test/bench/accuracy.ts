// docs/accuracy.md's tables and picture from the reports of `omnireg evaluate`, so that no figure is copied by hand.
// Usage: npm run bench:accuracy -- [--out report.json] [--in report.json] [--text report.json --plain report.json] [--write]
//   --out, --in: out of and in distribution. --text, --plain: text-rich families with and --without-text. A section without its report stays as it is.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { EvaluationReport } from '../../clients/sdk/types.js';
import { drawFamilies, inTable, outFamilies, outTable, textTable } from './accuracy-report.js';
import { replaced } from './sections.js';

const { values: options } = parseArgs({
  options: {
    out: { type: 'string' },
    in: { type: 'string' },
    text: { type: 'string' },
    plain: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});

const report = (file: string | undefined): EvaluationReport | undefined =>
  file === undefined ? undefined : (JSON.parse(readFileSync(file, 'utf8')) as EvaluationReport);
const [out, inside, text, plain] = [options.out, options.in, options.text, options.plain].map(report);
const picture = '![Error over that of the best local baseline, family by family](images/accuracy.svg)';

const sections: Record<string, string> = {
  ...(out && { out: outTable(out), families: `${outFamilies(out)}\n\n${picture}` }),
  ...(inside && { in: inTable(inside) }),
  ...(text && plain && { text: textTable(text, plain) }),
};
for (const [name, body] of Object.entries(sections)) console.log(`## ${name}\n${body}\n`);
if (options.write) {
  let page = readFileSync('docs/accuracy.md', 'utf8');
  for (const [name, body] of Object.entries(sections)) page = replaced(page, name, body);
  writeFileSync('docs/accuracy.md', page);
  if (out) writeFileSync('docs/images/accuracy.svg', await drawFamilies(out));
}
