// What a shipped model may learn from: the held-out list is complete, and what is on it is not even opened.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HELD_OUT_FAMILIES, HELD_OUT_TASKS, trainableFamilies } from '../../../trainer/pretraining/families.js';
import { readFamilies, readStudy } from '../../../trainer/pretraining/real-studies.js';
import { temporaryFolder } from '../../store/temporary-store.js';

const CSV = 'size,kind,speed\n1,a,10\n2,,20\n4,b,\n8,a,oops\n16,b,50\n';

/** A folder of families: `use` by name. Those that must not be read hold nothing that could be. */
function familiesFolder(uses: Record<string, string>, tasks: readonly string[]): string {
  const folder = temporaryFolder();
  const rows = Object.entries(uses).map(([name, use]) => `${name},"MIT, or so",${use}`);
  writeFileSync(join(folder, 'INDEX.csv'), `dataset,license,use\n${rows.join('\n')}\n`);
  for (const [name, use] of Object.entries(uses)) {
    if (use !== 'train+evaluate' || Object.hasOwn(HELD_OUT_FAMILIES, name)) continue;
    mkdirSync(join(folder, name));
    const described = Object.fromEntries(tasks.map((task) => [task, { task, y_max: 50, machine: 'A100' }]));
    writeFileSync(join(folder, name, 'tasks.json'), JSON.stringify(described));
    for (const task of tasks) writeFileSync(join(folder, name, `${task}.csv`), CSV);
  }
  return folder;
}

describe('families', () => {
  it('marked for evaluation or held out are never opened, and tasks on the list never read', async () => {
    const uses = Object.fromEntries(Object.keys(HELD_OUT_FAMILIES).map((name) => [name, 'train+evaluate']));
    const folder = familiesFolder({ ...uses, envs_sac: 'evaluate', config_systems: 'train+evaluate' }, [
      'Apache',
      'x264__PSNR',
      'SS-A__Throughput',
    ]);
    const families = await readFamilies(folder);
    expect(families.map(({ name }) => name)).toEqual(['config_systems']);
    const ids = families.flatMap(({ studies, heldBack }) => [...studies, ...heldBack]).map(({ id }) => id);
    expect(ids).toEqual(['config_systems/Apache']);
  });

  it('hold back tasks by their names, the same in families that share them', async () => {
    const tasks = Array.from({ length: 12 }, (_, i) => `task${i}`);
    const folder = familiesFolder({ hpo_deepar: 'train+evaluate', hpo_deepar_time: 'train+evaluate' }, tasks);
    const [one, other] = await readFamilies(folder);
    const names = (studies: { id: string }[]) => studies.map(({ id }) => id.split('/')[1]);
    expect(one!.heldBack).toHaveLength(1);
    expect(names(one!.heldBack)).toEqual(names(other!.heldBack));
    expect([...names(one!.studies), ...names(one!.heldBack)].sort()).toEqual([...tasks].sort());
  });

  it('lists at least eight held-out families beside those for evaluation only, each with its reason, pairs on one side', () => {
    expect(Object.keys(HELD_OUT_FAMILIES).length).toBeGreaterThanOrEqual(8);
    for (const reason of [...Object.values(HELD_OUT_FAMILIES), ...Object.values(HELD_OUT_TASKS)])
      expect(reason.length).toBeGreaterThan(10);
    const pairs = [
      ['hpo_deepar', 'hpo_deepar_time'],
      ['inputs_x264', 'inputs_x264_size'],
      ['nas201_arch_error', 'nas201_arch_latency'],
      ['timm_accuracy', 'timm_throughput'],
      ['yahpo_rbv2_xgboost', 'yahpo_rbv2_xgboost_timetrain'],
    ];
    const kept = (dataset: string) =>
      trainableFamilies([{ dataset, license: 'MIT', use: 'train+evaluate' }]).length === 1;
    for (const [a, b] of pairs) expect(kept(a!)).toBe(kept(b!));
  });

  it('say what is wrong with a folder', async () => {
    await expect(readFamilies(temporaryFolder())).rejects.toThrow(/--families: .* has no INDEX.csv/);
    const none = familiesFolder({ envs_sac: 'evaluate' }, []);
    await expect(readFamilies(none)).rejects.toThrow(/no family of .* may be trained on/);
  });
});

describe('a task’s file', () => {
  it('becomes a study without missing cells, unmeasured rows and facts that tell the answer', async () => {
    const facts = { task: 't', direction: 'maximize', unit: 'MB/s', y_max: 50, rows: 5, threads: '8', machine: 'A100' };
    const study = readStudy('f/t', CSV, facts);
    expect(study).toMatchObject({
      id: 'f/t',
      metadata: { threads: 8, machine: 'A100' },
      objective: { name: 'speed', goal: 'maximize', unit: 'MB/s' },
      trials: 3,
    });
    expect(Object.keys(study.metadata)).toHaveLength(2);
    expect(await study.read([0, 1, 2])).toEqual([
      { x: { size: 1, kind: 'a' }, y: 10 },
      { x: { size: 2 }, y: 20 },
      { x: { size: 16, kind: 'b' }, y: 50 },
    ]);
  });
});
