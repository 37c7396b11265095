// What a prediction says of its calibration, by how many of the study's trials were scored.
import { expect, it } from 'vitest';
import { describeCalibration } from '../../../trainer/prediction/describe-calibration.js';

it('names what intervals rest on, and calls them calibrated only where trials can bound their level', () => {
  const say = (own: number, validated = true) => describeCalibration(own, validated, [0.5, 0.9]);
  expect(say(0)).toMatchObject({ calibrated: false, basis: 'model', reason: expect.stringContaining('fewer than 3') });
  expect(say(0, false)).toMatchObject({ calibrated: false, basis: 'none' });
  expect(say(3)).toMatchObject({
    calibrated: false,
    basis: 'study',
    trials: 3,
    reason: expect.stringContaining('9 could'),
  });
  expect(say(8, false).reason).not.toContain('other studies');
  expect(say(9)).toMatchObject({ calibrated: true, basis: 'study', trials: 9 });
  expect(say(9).reason).not.toContain('extrapolated');
  expect(describeCalibration(9, true, [0.95]).reason).toContain('0.900');
  expect(say(9).reason).not.toContain('factors');
  for (const own of [3, 9]) expect(describeCalibration(own, true, [0.9], true).reason).toContain('reach by factors');
});
