// Which families of measured studies a shipped model may learn from, and which it must never see: fixed here, with the reasons.
// A family is a folder of tasks with the same kind of experiment; test/trainer/pretraining/families.test.ts guards the list.

/** Families whose licence would allow training and that are kept out all the same: what the model is judged on. */
export const HELD_OUT_FAMILIES: Readonly<Record<string, string>> = {
  inputs_x264: 'the system of envs_x264 and workloads_x264, which the model is judged on',
  inputs_x264_size: 'the same runs as inputs_x264, measured by size',
  inputs_sqlite: 'the system of envs_sqlite, which the model is judged on',
  inputs_xz: 'the system of workloads_xz, which the model is judged on',
  timm_accuracy: 'text-rich, to be judged on as never seen',
  timm_throughput: 'the same models as timm_accuracy',
  kernelbench_code_time: 'text-rich: whole programs, to be judged on as never seen',
  chem_text: 'text-rich: molecules and recipes, to be judged on as never seen',
};

/** Single tasks, `family/task`, of families that are otherwise trained on. */
export const HELD_OUT_TASKS: Readonly<Record<string, string>> = {
  'config_systems/X264_AllMeasurements__Performance': 'x264: see inputs_x264',
  'config_systems/x264__PSNR': 'x264: see inputs_x264',
  'config_systems/SS-N__Energy': 'x264, by its parameters',
  'config_systems/SS-U__Benchmark-iperf': 'x264, by its parameters',
  'config_systems/SQL_AllMeasurements__Performance': 'SQLite: see inputs_sqlite',
  'config_systems/SS-A__Throughput': 'Storm, the system of envs_storm, by its parameters',
  'config_systems/SS-C__Latency': 'Storm: as SS-A',
  'config_systems/SS-E__Throughput': 'Storm: as SS-A',
  'config_systems/SS-I__Latency': 'Storm: as SS-A',
  'config_systems/SS-J__Latency': 'Storm: as SS-A',
  'config_systems/SS-K__Throughput': 'Storm: as SS-A',
  'config_systems/SS-T__Performance': 'lrzip, the system of workloads_lrzip, by its parameters',
};

/** What the index of a data folder says of a family, in its column `use`. */
export const TRAINABLE_USE = 'train+evaluate';

/** A row of INDEX.csv. */
export interface IndexRow {
  dataset: string;
  use: string;
  license: string;
}

/** Families to learn from: those whose licence allows it and that are not held out. */
export function trainableFamilies<Row extends IndexRow>(index: readonly Row[]): Row[] {
  return index.filter(({ dataset, use }) => use === TRAINABLE_USE && !Object.hasOwn(HELD_OUT_FAMILIES, dataset));
}

export function isHeldOut(family: string, task: string): boolean {
  return Object.hasOwn(HELD_OUT_FAMILIES, family) || Object.hasOwn(HELD_OUT_TASKS, `${family}/${task}`);
}

/** Facts of tasks.json that are no description of the task, or would tell the answer. */
export const HIDDEN_FACTS: readonly string[] = [
  'task',
  'objective',
  'direction',
  'unit',
  'rows',
  'rows_available',
  'rows_dropped_invalid',
  'features',
  'text_columns',
  'family',
  'y_min',
  'y_max',
  'y_unique',
];
