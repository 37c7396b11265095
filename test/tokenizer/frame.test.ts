// Frames: the map and its inverse, the floors of the scale, and the frames of studies and queries.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Frame, MIN_RELATIVE_SCALE, MIN_SCALE, queryFrame, studyFrame } from '../../tokenizer/frame.js';
import { frames } from './arbitrary-numbers.js';

describe('Frame', () => {
  it('maps the center to 5 and is inverted by fromUnit', () => {
    fc.assert(
      fc.property(frames, fc.double({ min: 0, max: 10, noNaN: true }), (frame, u) => {
        expect(frame.toUnit(frame.center)).toBe(5);
        expect(frame.toUnit(frame.fromUnit(u))).toBeCloseTo(u, 3);
      }),
    );
  });

  it('raises scales that doubles cannot resolve', () => {
    expect(new Frame(1e20, 1).scale).toBe(1e20 * MIN_RELATIVE_SCALE);
    expect(new Frame(0, 5e-324).scale).toBe(MIN_SCALE);
    expect(new Frame(3, 2).scale).toBe(2);
  });

  it('refuses what is no frame', () => {
    const bad: [number, number][] = [
      [Number.NaN, 1],
      [0, 0],
      [0, -1],
      [0, Number.NaN],
      [0, Number.POSITIVE_INFINITY],
      [1e31, 1],
    ];
    for (const [center, scale] of bad) {
      expect(() => new Frame(center, scale)).toThrow(expect.objectContaining({ code: 'FRAME_INVALID' }));
    }
  });
});

describe('studyFrame', () => {
  it('takes the median and the interquartile range / 1.35', () => {
    const { center, scale } = studyFrame([5, 1, 4, 2, 3]);
    expect(center).toBe(3);
    expect(scale).toBeCloseTo(2 / 1.35, 12);
  });

  it('falls back to range / 4, then |median|, then 1', () => {
    expect(studyFrame([7, 7, 7, 7, 7, 7, 7, 7, 9]).scale).toBe(0.5);
    expect(studyFrame([-7, -7])).toMatchObject({ center: -7, scale: 7 });
    expect(studyFrame([0])).toMatchObject({ center: 0, scale: 1 });
    expect(studyFrame([])).toMatchObject({ center: 0, scale: 1 });
  });
});

describe('queryFrame', () => {
  it('is around what is expected, and at least a fiftieth of the study as wide', () => {
    const study = new Frame(0, 10);
    expect(queryFrame(12, 3, study)).toMatchObject({ center: 12, scale: 3 });
    // Extrapolated from measurements near the largest that there may be.
    expect(queryFrame(-1.28e31, Infinity, study)).toMatchObject({ center: -9.9e30, scale: 1e31 });
    expect(queryFrame(10, 1e-9, study)).toMatchObject({ center: 10, scale: 0.2 });
  });
});
