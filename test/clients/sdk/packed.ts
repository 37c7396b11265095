// The SDK's package as npm would publish it, and as it lies where it was installed.
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const source = fileURLToPath(new URL('../../../clients/sdk', import.meta.url));

export interface InstalledPackage {
  /** A project that has it installed. */
  project: string;
  /** Where it lies there. */
  folder: string;
  tarball: Uint8Array;
  /** Paths of the files in it. */
  files: string[];
  remove: () => void;
}

/**
 * Builds, packs and installs it; nothing is fetched, as it depends on nothing. Done as `npm pack` does it in its own folder, but elsewhere, so that
 * tests are not in each other's way.
 */
export async function installPacked(): Promise<InstalledPackage> {
  const project = mkdtempSync(join(tmpdir(), 'omnireg-sdk-'));
  const npm = (...args: string[]) => run('npm', args, { cwd: project });
  const staged = join(project, 'staged');
  mkdirSync(staged);
  for (const name of ['package.json', 'README.md']) copyFileSync(join(source, name), join(staged, name));
  await run(process.execPath, [join(source, 'build.mjs'), staged]);
  const { stdout } = await npm('pack', staged, '--json', '--silent', '--ignore-scripts', '--pack-destination', project);
  const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  writeFileSync(join(project, 'package.json'), '{ "private": true }');
  await npm('install', `./${filename}`, '--offline', '--no-audit', '--no-fund', '--ignore-scripts', '--silent');
  return {
    project,
    folder: join(project, 'node_modules', '@omnireg', 'sdk'),
    tarball: readFileSync(join(project, filename)),
    files: files.map(({ path }) => path),
    remove: () => rmSync(project, { recursive: true, force: true }),
  };
}

/** Runs a program in the project. @returns What it wrote to stdout. */
export async function runIn(
  { project }: InstalledPackage,
  name: string,
  text: string,
  { args = [], env = {} }: { args?: string[]; env?: Record<string, string> },
): Promise<string> {
  writeFileSync(join(project, name), text);
  return (await run(process.execPath, [name, ...args], { cwd: project, env: { ...process.env, ...env } })).stdout;
}
