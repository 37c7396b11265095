// One runner for every test: real parts (SQLite file, server, ONNX Runtime), two files at a time so that they fit two cores.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    setupFiles: ['./test/property-seed.ts'],
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/closing-line.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Trainings of tests are tiny and start from random weights; what the shipped base model does has tests of its own.
    env: { ORT_DISABLE_TELEMETRY: '1', OMNIREG_BASE_MODEL: 'none' },
  },
});
