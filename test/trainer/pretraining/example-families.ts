// A folder of measured families as the pretraining reads it: one family of six ovens, each measured thirty times.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { Random } from '../../../trainer/random.js';

/** Path of the folder; it goes away with the test file. */
export function exampleFamilies(): string {
  const folder = mkdtempSync(join(tmpdir(), 'omnireg-families-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'INDEX.csv'), 'dataset,license,use\novens,"MIT, or so",train+evaluate\n');
  mkdirSync(join(folder, 'ovens'));
  const tasks = ['clay', 'brick', 'glass', 'steel', 'bread', 'lime'];
  const described = Object.fromEntries(
    tasks.map((task) => [task, { objective: 'strength', direction: 'maximize', task }]),
  );
  writeFileSync(join(folder, 'ovens', 'tasks.json'), JSON.stringify(described));
  tasks.forEach((task, t) => {
    const random = new Random(77, t);
    const rows = Array.from({ length: 30 }, (_, i) => {
      const temperature = 100 + 30 * i + random.uniform();
      const gas = random.uniform() < 0.5 ? 'air' : 'argon';
      return `${temperature},${gas},${(t + 1) * (temperature / 500 - 1) ** 2 + (gas === 'air' ? 1 : 0)}`;
    });
    writeFileSync(join(folder, 'ovens', `${task}.csv`), `temperature,gas,strength\n${rows.join('\n')}\n`);
  });
  return folder;
}
