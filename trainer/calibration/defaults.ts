// What calibration is set to. See docs/calibration.md.

export const CALIBRATION_DEFAULTS = {
  /** Fewest cross-fitted trials of a study for a correction of its own. */
  leastTrials: 3,
  /**
   * Fewest for one that may be called calibrated: below it a 90% interval would need more trials than there are to bound its level at all
   * (⌈(n+1)·0.9⌉ ≤ n from n = 9 on).
   */
  boundingTrials: 9,
  /**
   * The weight of all the model's scores together, in trials of the study: as much as the study's own, within these ends. Of models on
   * studies unlike those they were validated on they say too little, and few trials alone too much.
   */
  modelWeight: { least: 10, most: 20 },
  /** By how much the model's scores are stretched: a new study is less like those that it was validated on than they are like those it learned from. */
  unlike: 1.2,
  /**
   * The central share of a distribution whose shape is followed. Further out the mass is known better than where it stands:
   * cells that the descent did not look into, what little the model learned of its rare errors.
   */
  core: 0.5,
};
