// The smallest training there is, for tests of what surrounds it.

/** Settings under which trainings are as small as they get: a second or two. */
export const TINY_TRAINING = {
  // Of the devices, test/trainer/devices speaks; elsewhere nothing is to wait for a look at them.
  device: 'cpu' as const,
  steps: 2,
  run_steps: 1,
  batch_size: 4,
  episodes: 4,
  queries: 4,
  max_context: 8,
  max_prompt: 64,
  max_metadata: 16,
  d_model: 8,
  d_kv: 4,
  num_heads: 1,
  d_ff: 8,
  num_layers: 1,
  num_decoder_layers: 1,
  threads: 1,
};
