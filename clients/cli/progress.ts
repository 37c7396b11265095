// Progress of long work: a redrawn line on a terminal, a plain line every few seconds anywhere else.
import type { Terminal } from './terminal.js';

const REDRAW_MS = 80;
const PLAIN_MS = 5_000;
/** Without news, a plain line says every so often that the work goes on. */
const QUIET_MS = 15_000;
const BAR_CELLS = 24;
/** Eighths of a cell, so that the bar moves smoothly. */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

export interface ProgressState {
  done: number;
  /** Absent where the end is not known. */
  total?: number;
  /** What is worth knowing meanwhile, such as a loss or a speed. */
  note?: string;
  /** Lines above the bar, on a terminal: a curve that grows. */
  above?: readonly string[];
  /** Where the work itself knows better than elapsed time says. */
  etaSeconds?: number;
}

export class Progress {
  readonly #terminal: Terminal;
  readonly #label: string;
  readonly #started = performance.now();
  #state: ProgressState = { done: 0 };
  #lastShown = 0;
  /** Lines that are drawn at present. */
  #drawn = 0;
  /** One long step is work, too: the line goes on living while nothing is reported. */
  readonly #heartbeat: NodeJS.Timeout;

  constructor(terminal: Terminal, label: string) {
    this.#terminal = terminal;
    this.#label = label;
    if (terminal.interactive && !terminal.json) {
      terminal.transient = { clear: () => this.#clear(), draw: () => this.#draw() };
      this.#draw();
    }
    this.#heartbeat = setInterval(() => this.#beat(), terminal.transient ? 1_000 : QUIET_MS).unref();
  }

  update(state: ProgressState): void {
    this.#state = state;
    const now = performance.now();
    if (this.#terminal.transient) {
      if (now - this.#lastShown < REDRAW_MS && state.done !== state.total) return;
      this.#draw();
    } else if (now - Math.max(this.#lastShown, this.#started) >= PLAIN_MS) {
      this.#lastShown = now;
      this.#terminal.say(this.#plainLine());
    }
  }

  /** Ends the bar; `line` stays behind in its place. */
  finish(line?: string): void {
    clearInterval(this.#heartbeat);
    this.#clear();
    this.#terminal.transient = undefined;
    if (line !== undefined) this.#terminal.say(line);
  }

  #beat(): void {
    if (this.#terminal.transient) this.#draw();
    else if (performance.now() - this.#lastShown >= QUIET_MS) {
      this.#lastShown = performance.now();
      this.#terminal.say(this.#plainLine());
    }
  }

  #clear(): void {
    if (this.#drawn > 0) this.#terminal.stderr.write(`\r\u001b[2K${'\u001b[1A\u001b[2K'.repeat(this.#drawn - 1)}`);
    this.#drawn = 0;
  }

  #draw(): void {
    this.#lastShown = performance.now();
    const { done, total, above = [] } = this.#state;
    const bar = total === undefined ? '' : ` ${this.#terminal.style('cyan', barOf(done / Math.max(1, total)))}`;
    const head = `${this.#label}${total === undefined ? '' : ` ${'─'.repeat(BAR_CELLS)}`}`;
    const room = this.#terminal.width - head.length - 1;
    const details = this.#details();
    const shown = details.length > room ? `${details.slice(0, Math.max(0, room - 1))}…` : details;
    // A line that the terminal would break in two could not be taken back.
    const lines = above.map((line) => `${[...line].slice(0, this.#terminal.width - 1).join('')}\n`);
    this.#clear();
    this.#terminal.stderr.write(`\r\u001b[2K${lines.join('')}${this.#label}${bar} ${shown}`);
    this.#drawn = lines.length + 1;
  }

  #details(): string {
    const { done, total, note } = this.#state;
    const count = total === undefined ? formatCount(done) : `${formatCount(done)}/${formatCount(total)}`;
    const eta = this.#etaSeconds();
    const elapsed = (performance.now() - this.#started) / 1000;
    const time =
      eta === undefined ? (elapsed >= 5 ? formatDuration(elapsed) : undefined) : `${formatDuration(eta)} left`;
    return [count, note, time].filter(Boolean).join(' · ');
  }

  #plainLine(): string {
    const { done, total } = this.#state;
    const share = total ? `${Math.floor((100 * done) / total)}% ` : '';
    return `${this.#label}: ${share}${this.#details()}`;
  }

  #etaSeconds(): number | undefined {
    const { done, total, etaSeconds } = this.#state;
    if (etaSeconds !== undefined) return etaSeconds;
    if (total === undefined || done <= 0 || done >= total) return undefined;
    const elapsed = (performance.now() - this.#started) / 1000;
    return (elapsed * (total - done)) / done;
  }
}

/** @param share In [0, 1]; what lies outside is cut off. */
export function barOf(share: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * BAR_CELLS * 8);
  const full = '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!;
  return full.padEnd(BAR_CELLS, '░');
}

/** 12, 3,456 or 1.23M. */
export function formatCount(value: number): string {
  return value >= 1e6 ? `${(value / 1e6).toFixed(2)}M` : Math.round(value).toLocaleString('en-US');
}

/** 0.8 s, 12 s, 3 min 05 s or 2 h 10 min. */
export function formatDuration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}
