// Every operator's gradient against central differences, with known sizes and with symbols, and its shape against ONNX Runtime.
import { describe, expect, it } from 'vitest';
import { checkGradients } from './kit.js';
import { OP_CASES } from './op-cases.js';

const BOUND = { float64: 1e-5, float32: 3e-3 };

describe.each(OP_CASES)('$op of $of', ({ inputs, build, float32Only, staticOnly }) => {
  const dtype = float32Only ? 'float32' : 'float64';
  for (const symbolic of staticOnly ? [false] : [false, true]) {
    it(symbolic ? 'with symbolic sizes' : 'with known sizes', async () => {
      const { worst, inferred, returned } = await checkGradients({ inputs, build, dtype, symbolic });
      expect(inferred).toEqual(returned);
      expect(worst).toBeLessThan(BOUND[dtype]);
    });
  }
});
