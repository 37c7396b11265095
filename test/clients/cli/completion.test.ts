// Completion scripts in the shells they are for.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCli, temporaryFolder } from './cli-process.js';

const folder = temporaryFolder({ 'runs.csv': 'a,y\n1,2\n' });
afterAll(() => folder.remove());

/** Why a shell cannot be tested; CI has all three (.ci/run). */
function missing(shell: string): string {
  if (existsSync(`/usr/bin/${shell}`) || existsSync(`/bin/${shell}`)) return '';
  const reason = `${shell} is not installed`;
  if (process.env.OMNIREG_REQUIRE_SHELLS) throw new Error(reason);
  return reason;
}

let scripts: Record<string, string>;
beforeAll(async () => {
  const written = ['bash', 'zsh', 'fish'].map(async (shell) => [shell, (await runCli(['completion', shell])).stdout]);
  scripts = Object.fromEntries(await Promise.all(written));
});

const run = (shell: string, program: string) =>
  execFileSync(shell, ['-c', program], {
    cwd: folder.path,
    encoding: 'utf8',
    env: { ...process.env, HOME: folder.path },
  })
    .split('\n')
    .filter((line) => line !== '');

/** What is typed, and words that must and must not be offered behind it. */
const cases: [typed: string, offered: string[], notOffered: string[]][] = [
  ['omnireg ', ['serve', 'studies', 'completion', 'doctor'], ['show', 'auto']],
  ['omnireg st', ['studies'], ['trials']],
  ['omnireg studies ', ['list', 'show', 'create', 'delete'], ['studies']],
  ['omnireg --json studies list --l', ['--limit'], ['--quiet']],
  ['omnireg serve --device ', ['auto', 'cpu', 'webgpu', 'cuda'], ['--port', 'serve']],
  ['omnireg trials list study_x --status r', ['running'], ['completed']],
  ['omnireg completion ', ['bash', 'zsh', 'fish'], ['serve']],
  ['omnireg predict --st', ['--study'], ['--x']],
];

function expectOffers(said: readonly string[], [, offered, notOffered]: (typeof cases)[number]): void {
  for (const word of offered) expect(said).toContain(word);
  for (const word of notOffered) expect(said).not.toContain(word);
}

describe('bash', () => {
  const offers = (typed: string): string[] => {
    const words = typed.split(' ').map((word) => `'${word}'`);
    return run(
      'bash',
      `${scripts.bash}\nCOMP_WORDS=(${words.join(' ')})\nCOMP_CWORD=${words.length - 1}\n_omnireg\nprintf '%s\\n' "\${COMPREPLY[@]}"`,
    );
  };
  test.each(cases)('%s', (...one) => expectOffers(offers(one[0]), one));

  test('leaves what may be a file to bash', () => {
    expect(offers('omnireg import ru')).toEqual([]);
    expect(offers('omnireg serve --data ')).toEqual([]);
    expect(run('bash', `${scripts.bash}\ncomplete -p omnireg`)).toEqual(['complete -o default -F _omnireg omnireg']);
  });
});

describe.skipIf(missing('zsh') !== '')(`zsh${missing('zsh')}`, () => {
  // What zsh's own helpers are called with, without a terminal to show it on.
  const helpers = `compdef() { :; }
_describe() { print -l -- "\${(@)\${(P)@[-1]}%%:*}"; }
compadd() { shift; print -l -- "$@"; }
_files() { print -l -- *; }`;
  const offers = (typed: string): string[] => {
    const words = typed.split(' ').map((word) => `'${word}'`);
    const all = run('zsh', `${helpers}\n${scripts.zsh}\nwords=(${words.join(' ')})\nCURRENT=${words.length}\n_omnireg`);
    const last = typed.split(' ').at(-1)!;
    return all.filter((word) => word.startsWith(last));
  };
  test.each(cases)('%s', (...one) => expectOffers(offers(one[0]), one));

  test('offers files where they are taken', () => {
    expect(offers('omnireg import ru')).toContain('runs.csv');
    expect(offers('omnireg serve --data ')).toEqual(['runs.csv']);
  });
});

describe.skipIf(missing('fish') !== '')(`fish${missing('fish')}`, () => {
  const offers = (typed: string): string[] => {
    const program = `source ${join(folder.path, 'c.fish')}; complete -C '${typed}'`;
    execFileSync('tee', [join(folder.path, 'c.fish')], { input: scripts.fish! });
    return run('fish', program).map((line) => line.split('\t')[0]!);
  };
  test.each(cases)('%s', (...one) => expectOffers(offers(one[0]), one));

  test('offers files where they are taken', () => {
    expect(offers('omnireg import ru')).toContain('runs.csv');
    expect(offers('omnireg studies list ru')).not.toContain('runs.csv');
  });
});

test('another shell is told which there are', async () => {
  const { code, stderr } = await runCli(['completion', 'tcsh']);
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('bash, zsh, fish') });
});
