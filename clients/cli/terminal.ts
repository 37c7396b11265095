// Where a command speaks: data on stdout, talk on stderr, colours only where a person can see them.
import { once } from 'node:events';
import type { WriteStream } from 'node:tty';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
const SGR: Record<Style, [number, number]> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

type Stream = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>;

export interface TerminalOptions {
  /** Machines read stdout: one JSON document and nothing else. */
  json: boolean;
  stdout?: Stream;
  stderr?: Stream;
  env?: NodeJS.ProcessEnv;
}

export class Terminal {
  readonly json: boolean;
  readonly stderr: Stream;
  readonly #stdout: Stream;
  readonly #env: NodeJS.ProcessEnv;
  /** The progress bar that is being drawn; it gets out of the way of every line. */
  transient: { clear(): void; draw(): void } | undefined;

  constructor(options: TerminalOptions) {
    this.json = options.json;
    this.#stdout = options.stdout ?? process.stdout;
    this.stderr = options.stderr ?? process.stderr;
    this.#env = options.env ?? process.env;
  }

  /** Data for whoever reads stdout. */
  data(text: string): void {
    this.transient?.clear();
    this.#stdout.write(text.endsWith('\n') ? text : `${text}\n`);
    this.transient?.draw();
  }

  /** Data in many pieces: resolves when the reader of stdout is ready for more. */
  async write(text: string): Promise<void> {
    this.transient?.clear();
    if (!this.#stdout.write(text)) await once(this.#stdout, 'drain');
    this.transient?.draw();
  }

  /** The command's one JSON document; nothing without --json. */
  result(value: unknown): void {
    if (this.json) this.data(JSON.stringify(value, null, 2));
  }

  /** A line for the person at the terminal. */
  say(line = ''): void {
    this.transient?.clear();
    this.stderr.write(`${line}\n`);
    this.transient?.draw();
  }

  /** A line on something that went on, but perhaps not as meant. */
  warn(line: string): void {
    this.say(`${this.style('yellow', 'note:')} ${line}`);
  }

  get interactive(): boolean {
    return this.stderr.isTTY === true && this.#env.TERM !== 'dumb' && this.#env.CI === undefined;
  }

  /** Whether a person reads stdout, and no program or file. */
  get dataIsSeen(): boolean {
    return this.#stdout.isTTY === true;
  }

  get width(): number {
    return Math.max(40, this.stderr.columns ?? 80);
  }

  /** Coloured for stderr; https://no-color.org is obeyed. */
  style(style: Style, text: string): string {
    return this.#colours(this.stderr) ? paint(style, text) : text;
  }

  /** Coloured for stdout. */
  dataStyle(style: Style, text: string): string {
    return this.#colours(this.#stdout) && !this.json ? paint(style, text) : text;
  }

  #colours(stream: Stream): boolean {
    if (this.#env.NO_COLOR) return false;
    return stream.isTTY === true && this.#env.TERM !== 'dumb';
  }
}

function paint(style: Style, text: string): string {
  const [open, close] = SGR[style];
  return `\u001b[${open}m${text}\u001b[${close}m`;
}
