// The variants of bench:ablation: each changes one thing of the default base model's training.
import type { Json } from '../../trainer/types.js';

export interface Variant {
  name: string;
  /** What is varied, a heading of the table. */
  about: string;
  /** Beside the defaults of trainer/pretraining/settings.ts. */
  settings: Record<string, Json>;
}

export const DEFAULT_VARIANT: Variant = { name: 'default', about: 'default', settings: {} };

const variants = (about: string, each: Record<string, Record<string, Json>>): Variant[] =>
  Object.entries(each).map(([name, settings]) => ({ name, about, settings }));
const without = (...markers: string[]) => ({ without_evidence: markers });

/** In the order of the table; what is likeliest to matter comes first, so that a bench cut short has seen it. */
export const VARIANTS: readonly Variant[] = [
  DEFAULT_VARIANT,
  // Nothing changed but chance: what differs no more than these do is not told apart.
  ...variants('chance', { 'seed 2': { seed: 2 }, 'seed 3': { seed: 3 } }),
  ...variants('evidence', {
    'no predictions': without('boosting', 'forest', 'gp', 'gp-sd', 'knn'),
    'no errors': without('error:boosting', 'error:forest', 'error:gp', 'error:knn'),
    'no nearest': without('near1', 'near2', 'near3'),
    'no quantiles': without('q10', 'q50', 'q90'),
    'no relatives': without('relatives', 'history', 'history-sd', 'error:history'),
  }),
  ...variants('corpus', {
    'made-up studies only': { real_share: 0 },
    'measured studies only': { real_share: 1 },
    '8 queries an episode': { queries: 8 },
    '32 queries an episode': { queries: 32 },
  }),
  ...variants('answer', {
    '1 digit': { digits: 1 },
    '2 digits': { digits: 2 },
    '3 digits': { digits: 3 },
    "study's frame": { frame: 'study' },
    'place_decay 0.25': { place_decay: 0.25 },
    'place_decay 1': { place_decay: 1 },
  }),
  ...variants('optimizer', {
    muon: { optimizer: 'muon' },
    adafactor: { optimizer: 'adafactor' },
    'learning rate 0.5e-3': { learning_rate: 5e-4 },
    'learning rate 2e-3': { learning_rate: 2e-3 },
    'runs of 5 steps': { run_steps: 5 },
  }),
  ...variants('model', {
    'width 64': { d_model: 64, d_ff: 128, num_heads: 2 },
    '1 + 1 layers': { num_layers: 1, num_decoder_layers: 1 },
    'width 192': { d_model: 192, d_ff: 384, num_heads: 6 },
    '4 + 2 layers': { num_layers: 4 },
  }),
];

/** @throws Error naming those that there are, for a name that is none of them */
export function chosenVariants(only: string | undefined): Variant[] {
  if (only === undefined) return [...VARIANTS];
  const names = only.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !VARIANTS.some((variant) => variant.name === name));
  if (unknown !== undefined)
    throw new Error(
      `--only: there is no variant "${unknown}"; there are ${VARIANTS.map(({ name }) => name).join(', ')}`,
    );
  return VARIANTS.filter(({ name }) => names.includes(name));
}
