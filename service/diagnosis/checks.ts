// What a service needs of its machine, looked at one by one: nothing is made, moved or mended.
import { constants, existsSync, statSync } from 'node:fs';
import { access, readFile, statfs } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { checkIntegrity } from '../../store/integrity.js';
import { readMigrations } from '../../store/migrate.js';
import { packageFile } from '../../tokenizer/package-root.js';
import { probeDevice } from '../../trainer/devices/probe.js';
import { readModelCard } from '../../trainer/model-card.js';
import { databaseFileOf, NO_BASE_MODEL, type ServiceConfig, SHIPPED_BASE_MODEL } from '../config.js';

export interface Check {
  /** What was looked at, in a word or two. */
  name: string;
  status: 'ok' | 'warning' | 'failed';
  detail: string;
  /** Where it is not ok. */
  fix?: string;
}

export interface DiagnosisOptions {
  /** Whether the whole database is read: some seconds a gigabyte. */
  integrity: boolean;
}

/** Below these, in bytes, a disk is warned of, and counts as full: a checkpoint and some imports have to fit. */
const LITTLE_SPACE = 1024 ** 3;
const NO_SPACE = 64 * 1024 ** 2;

/** Each look as soon as it is done; one that breaks is a check that failed, and the others go on. */
export async function* diagnose(config: ServiceConfig, { integrity }: DiagnosisOptions): AsyncGenerator<Check> {
  const looks: [name: string, look: () => Check | Promise<Check>][] = [
    ['Node', checkNode],
    ['data folder', () => checkFolder(resolve(config.dataDir))],
    ['disk', () => checkDisk(resolve(config.dataDir))],
    ['database', () => checkDatabase(databaseFileOf(config), integrity)],
    ['ONNX Runtime', checkRuntime],
    ['base model', () => checkBaseModel(config.baseModel)],
    ['WebGPU', () => checkGpu('webgpu', config.device)],
    ['CUDA', () => checkGpu('cuda', config.device)],
  ];
  for (const [name, look] of looks) {
    try {
      yield await look();
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      yield { name, status: 'failed', detail, fix: 'Mend what it names; if nothing can be, report it.' };
    }
  }
}

async function checkNode(): Promise<Check> {
  const { engines } = JSON.parse(await readFile(packageFile('package.json'), 'utf8')) as { engines: { node: string } };
  const needed = engines.node.replace('>=', '').split('.').map(Number);
  const have = process.versions.node.split('.').map(Number);
  const name = 'Node';
  const detail = `${process.version}, ${process.platform} ${process.arch}`;
  const old = have[0]! < needed[0]! || (have[0] === needed[0] && have[1]! < needed[1]!);
  return old
    ? { name, status: 'failed', detail, fix: `Install Node ${needed.join('.')} or later.` }
    : { name, status: 'ok', detail };
}

async function checkFolder(folder: string): Promise<Check> {
  const name = 'data folder';
  const there = nearestFolder(folder);
  try {
    await access(there, constants.W_OK | constants.X_OK);
  } catch {
    return {
      name,
      status: 'failed',
      detail: `${there} cannot be written to`,
      fix: 'Change its permissions, or set dataDir.',
    };
  }
  if (there === folder) return { name, status: 'ok', detail: folder };
  return { name, status: 'ok', detail: `${folder} will be made by the first start` };
}

async function checkDisk(folder: string): Promise<Check> {
  const { bavail, bsize } = await statfs(nearestFolder(folder));
  const free = bavail * bsize;
  const detail = `${sizeOf(free)} free`;
  const fix = 'Free some space, or set dataDir to another disk.';
  if (free < NO_SPACE) return { name: 'disk', status: 'failed', detail, fix };
  if (free < LITTLE_SPACE) return { name: 'disk', status: 'warning', detail, fix };
  return { name: 'disk', status: 'ok', detail };
}

function checkDatabase(file: string, integrity: boolean): Check {
  const name = 'database';
  if (!existsSync(file)) return { name, status: 'ok', detail: `${file} will be made by the first start` };
  const size = `${file}, ${sizeOf(statSync(file).size)}`;
  if (!integrity) return { name, status: 'ok', detail: `${size}, not read` };
  const { problems, studies, trials, schema } = checkIntegrity(file);
  if (problems.length > 0) {
    const fix =
      'Keep the file, and go back to the last backup that is whole; report it, as nothing but a broken disk should do this.';
    return { name, status: 'failed', detail: `${size}: ${problems.join('; ')}`, fix };
  }
  const latest = readMigrations().length;
  if (schema > latest) {
    const detail = `${size} is of a newer OmniReg (schema ${schema}, this one knows ${latest})`;
    return { name, status: 'failed', detail, fix: 'Install that version or a later one.' };
  }
  const older = schema < latest ? `; the next start brings it from schema ${schema} to ${latest}` : '';
  return {
    name,
    status: 'ok',
    detail: `${size}: whole, ${trials} ${trials === 1 ? 'trial' : 'trials'} of ${studies} ${studies === 1 ? 'study' : 'studies'}${older}`,
  };
}

/** Not only that it loads: one product is computed. */
async function checkRuntime(): Promise<Check> {
  const { Graph } = await import('../../trainer/graph/graph.js');
  const { MatMul } = await import('../../trainer/graph/ops/matmul.js');
  const { OrtSession } = await import('../../trainer/graph/session.js');
  const graph = new Graph('doctor');
  const x = graph.input('x', 'float32', [1, 2]);
  graph.output(MatMul(x, graph.initializer('w', 'float32', [2, 1], Float32Array.of(3, 4))), 'y');
  const session = await OrtSession.create(graph, { threads: 1 });
  const { y } = await session.run({ x: { data: Float32Array.of(5, 6), dims: [1, 2] } });
  await session.release();
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
  const detail = `${version}, computes on the CPU`;
  if (y!.data[0] === 39) return { name: 'ONNX Runtime', status: 'ok', detail };
  const wrong = `3 × 5 + 4 × 6 came out as ${y!.data[0]}`;
  return { name: 'ONNX Runtime', status: 'failed', detail: wrong, fix: 'Install the package anew: npm ci.' };
}

async function checkBaseModel(setting: string): Promise<Check> {
  const name = 'base model';
  const fix = 'Install the package anew, or set baseModel.';
  if (setting === NO_BASE_MODEL) {
    return { name, status: 'ok', detail: 'none, by the setting baseModel: trainings start from random weights' };
  }
  const folder = setting === SHIPPED_BASE_MODEL ? packageFile('trainer', 'base') : resolve(setting);
  if (!existsSync(join(folder, 'model.safetensors'))) {
    return { name, status: 'failed', detail: `${folder} holds no model.safetensors`, fix };
  }
  const card = await readModelCard(folder);
  const learned = card !== undefined && !card.imported;
  return { name, status: 'ok', detail: `${folder}${learned ? '' : ', which cannot answer before a training'}` };
}

async function checkGpu(device: 'webgpu' | 'cuda', wanted: ServiceConfig['device']): Promise<Check> {
  const name = device === 'cuda' ? 'CUDA' : 'WebGPU';
  const probe = await probeDevice(device);
  if (probe.found === 'works') {
    return { name, status: 'ok', detail: `${probe.name}${probe.software ? ', an adapter in software' : ''}` };
  }
  const detail = `${probe.found === 'missing' ? 'not there' : 'does not work'}: ${probe.reason}`;
  if (wanted === device) return { name, status: 'failed', detail, fix: 'See docs/devices.md, or set device to auto.' };
  if (probe.found === 'missing') return { name, status: 'ok', detail };
  return { name, status: 'warning', detail, fix: 'See docs/devices.md; models run on the CPU all the same.' };
}

/** The folder, or the one that it would be made in. */
function nearestFolder(folder: string): string {
  return existsSync(folder) ? folder : nearestFolder(resolve(folder, '..'));
}

function sizeOf(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const place = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${Number((bytes / 1000 ** place).toPrecision(3))} ${units[place]}`;
}
