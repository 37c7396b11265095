// A loop that finds good parameters: ask what to try next, try it, say what came out.
import { OmniReg } from '@omnireg/sdk';

/** What you would measure: least at a = 3, kind = round. */
const measure = ({ a, kind }: Record<string, unknown>) => (Number(a) - 3) ** 2 + (kind === 'round' ? 0 : 5);

const client = new OmniReg();
const study = await client.studies.create({
  name: 'loop',
  objectives: [{ name: 'loss', goal: 'minimize' }],
  search_space: {
    a: { type: 'float', low: 0, high: 10 },
    kind: { type: 'categorical', choices: ['round', 'flat'] },
  },
});

for (let round = 0; round < 4; round++) {
  const { suggestions } = await client.studies.suggest(study.id, { count: 3, seed: round });
  for (const { x } of suggestions) {
    const trial = await client.studies.trials.create(study.id, { x });
    await client.studies.trials.complete(study.id, trial.id, { y: measure(x) });
  }
}

let best: { x: unknown; y: number } | undefined;
for await (const { x, y } of client.studies.trials.list(study.id, { status: 'completed' })) {
  if (typeof y === 'number' && (best === undefined || y < best.y)) best = { x, y };
}
console.log(JSON.stringify(best));
