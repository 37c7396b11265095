// Episodes of a training's own studies: planned from their numbers of trials, made by workers who are sent what each one shows.
import { planEpisodes, planValidation, splitStudies } from './episodes.js';
import type { EpisodeSource } from './example-feed.js';
import { ExampleMaker } from './example-maker.js';
import type { KnownStudy } from './history/known-studies.js';
import type { TrainConfig } from './train-config.js';
import type { StudySource } from './types.js';

export interface StudyEpisodesOptions {
  studies: readonly StudySource[];
  /** What all studies, and those of the parent, have measured: see history/. */
  known: readonly KnownStudy[];
  config: TrainConfig;
  tokenizerFile: string;
}

/** @returns what `ExampleFeed` asks for when it wants episodes */
export function studyEpisodes({ studies, known, config, tokenizerFile }: StudyEpisodesOptions): () => EpisodeSource {
  const split = splitStudies(studies, config.seed, config.validation);
  return () => {
    const maker = new ExampleMaker({ studies, known, config, tokenizerFile });
    return {
      training: (from, to, onProgress) => maker.training(planEpisodes(split, from, to, config), onProgress),
      validation: () => maker.validation(planValidation(split, config)),
      close: () => maker.close(),
    };
  };
}
