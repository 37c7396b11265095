// Property tests draw the same cases in every run, so that a red run is about the change it tests. PROPERTY_SEED draws others.
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env.PROPERTY_SEED ?? 20_261_120) });
