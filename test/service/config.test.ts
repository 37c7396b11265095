// Settings: defaults, then the environment, then the caller; slips of the pen are errors.
import { expect, it } from 'vitest';
import { DEFAULT_CONFIG, resolveConfig, variableOf } from '../../service/config.js';
import { loadContract } from '../../service/contract/load-contract.js';
import { MIN_TRAINING_TRIALS } from '../../trainer/train.js';

it('lets the environment go before defaults, and options before both', () => {
  const env = { OMNIREG_PORT: '9000', OMNIREG_DATA_DIR: '/data', OMNIREG_MAX_BATCH_ROWS: '5', PATH: '/bin' };
  expect(resolveConfig({ port: 1 }, env)).toEqual({ ...DEFAULT_CONFIG, port: 1, dataDir: '/data', maxBatchRows: 5 });
});

it.each([
  [{ OMNIREG_PROT: '1' }, /OMNIREG_PROT is not a setting; did you mean OMNIREG_PORT\?/],
  [{ OMNIREG_PORT: 'http' }, /OMNIREG_PORT must be an integer from 0 to 65535/],
  [{ OMNIREG_PORT: '' }, /OMNIREG_PORT must be an integer/],
  [{ OMNIREG_LOG_LEVEL: 'loud' }, /OMNIREG_LOG_LEVEL must be one of silent/],
  [{ OMNIREG_DEVICE: 'gpu' }, /OMNIREG_DEVICE must be one of auto, cpu, webgpu, cuda/],
  [{ OMNIREG_DATA_DIR: '' }, /OMNIREG_DATA_DIR must be a text/],
  [{ OMNIREG_MAX_QUERIES: '0' }, /OMNIREG_MAX_QUERIES must be an integer from 1/],
])('refuses %j', (env, message) => expect(() => resolveConfig({}, env)).toThrow(message));

it('refuses an unknown option', () => {
  const options = { dataDirr: 'x' } as object;
  expect(() => resolveConfig(options)).toThrow(
    expect.objectContaining({ code: 'invalid_config', message: expect.stringContaining('dataDir?') }),
  );
});

it('has the limits that the contract states', () => {
  expect(loadContract().limits).toEqual({
    body_bytes: DEFAULT_CONFIG.maxBodyBytes,
    batch_rows: DEFAULT_CONFIG.maxBatchRows,
    queries: DEFAULT_CONFIG.maxQueries,
    parameters: DEFAULT_CONFIG.maxParameters,
    depth: DEFAULT_CONFIG.maxDepth,
    text_length: DEFAULT_CONFIG.maxTextLength,
    record_bytes: DEFAULT_CONFIG.maxRecordBytes,
  });
});

it('asks for as many trials as the trainer does', () => {
  expect(DEFAULT_CONFIG.minTrainingTrials).toBe(MIN_TRAINING_TRIALS);
  expect(variableOf('minTrainingTrials')).toBe('OMNIREG_MIN_TRAINING_TRIALS');
});
