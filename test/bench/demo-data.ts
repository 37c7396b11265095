// What the demo's model is trained on, as stacked batches: the one place where the bench meets examples and their feed.
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXAMPLES_FOLDER, findExamples, readExample } from '../../clients/cli/demo/examples.js';
import { AbsoluteCodec } from '../../tokenizer/absolute-codec.js';
import { packageFile } from '../../tokenizer/package-root.js';
import { ExampleFeed } from '../../trainer/example-feed.js';
import { collectKnown } from '../../trainer/history/known-studies.js';
import { DEFAULT_MODEL_CONFIG } from '../../trainer/model/config.js';
import { studyEpisodes } from '../../trainer/study-episodes.js';
import { memoryStudy } from '../../trainer/study-source.js';
import type { TrainConfig } from '../../trainer/train-config.js';
import type { StudyData } from '../../trainer/types.js';

/** The study that the demo leaves out of training. */
export const HOLDOUT = 'json-logs';

/** The compression studies of some names, one view an objective. */
export async function compressionStudies(chosen: (name: string) => boolean): Promise<StudyData[]> {
  const examples = await findExamples(EXAMPLES_FOLDER, []);
  const studies = await Promise.all(
    examples
      .filter(({ name }) => chosen(name))
      .map(async (example) => {
        const trials = await readExample(example);
        const names = example.objectives.map(({ name }) => name);
        return example.objectives.map(
          (objective): StudyData => ({
            id: `${example.name}/${objective.name}`,
            metadata: { name: example.name, ...example.metadata },
            objective: objective as StudyData['objective'],
            others: names.filter((name) => name !== objective.name),
            trials: trials.map(({ x, y }) =>
              typeof y === 'object' ? { x, y: y[objective.name]!, measured: y } : { x, y: y ?? null },
            ),
          }),
        );
      }),
  );
  return studies.flat();
}

/**
 * The demo's examples, as batches run by run and as questions for validation; an earlier bench's are read again from the
 * temporary folder. To be closed after use.
 */
export async function demoData(config: TrainConfig): Promise<ExampleFeed> {
  const studies = (await compressionStudies((name) => name !== HOLDOUT)).map(memoryStudy);
  const workDir = join(tmpdir(), 'omnireg-bench-demo-data');
  await mkdir(workDir, { recursive: true });
  const versions = studies.map(({ id, metadata, version }) => ({ id, metadata, version }));
  const known = await collectKnown(studies);
  const tokenizerFile = packageFile('tokenizer', 'tokenizer.json');
  return ExampleFeed.open({
    episodes: studyEpisodes({ studies, known, config, tokenizerFile }),
    config,
    workDir,
    fingerprint: createHash('sha256')
      .update(JSON.stringify([config, versions]))
      .digest('hex'),
    batches: {
      decoderSteps: 1 + new AbsoluteCodec().maxLength,
      firstToken: DEFAULT_MODEL_CONFIG.number_token_begin,
      config,
    },
  });
}
