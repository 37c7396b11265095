// The events of a training or an evaluation as a person sees them: one bar a phase, with loss, speed and the time that is left.
import type { EvaluationEvent } from '../sdk/index.js';
import { drawCurve, type Point } from './curve.js';
import { formatCount, formatDuration, Progress } from './progress.js';
import type { Terminal } from './terminal.js';

/** Of the loss, in characters and lines. */
const CURVE = { width: 60, height: 6 };

export class TrainingView {
  readonly #terminal: Terminal;
  #bar: { label: string; progress: Progress; since: number } | undefined;
  readonly #losses: Point[] = [];
  #steps = 1;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  show(event: Pick<EvaluationEvent, 'type' | 'level' | 'message' | 'data'>): void {
    const number = (key: string): number | undefined => {
      const value = (event.data as Record<string, unknown>)[key];
      return typeof value === 'number' ? value : undefined;
    };
    const etaSeconds = number('eta_seconds');
    const eta = etaSeconds === undefined ? {} : { etaSeconds };
    switch (event.type) {
      case 'prepare':
        this.#barOf('  prepare').update({ done: number('done') ?? 0, total: number('total') ?? 0, ...eta });
        break;
      case 'step': {
        const [step, steps, loss] = [number('step') ?? 0, number('steps') ?? 0, number('loss')];
        this.#steps = Math.max(1, steps);
        if (loss !== undefined) this.#losses.push({ x: step, y: loss });
        const note = `loss ${loss?.toFixed(3)} · ${formatCount(number('tokens_per_second') ?? 0)} tokens/s`;
        this.#barOf('  train  ').update({ done: step, total: steps, note, ...eta, above: this.#curve() });
        break;
      }
      case 'progress':
        this.#barOf('  predict').update({ done: number('done') ?? 0, total: number('total') ?? 0, ...eta });
        break;
      case 'validation':
      case 'phase':
        this.#endBar();
        this.#terminal.say(this.#terminal.style('dim', `  ${event.message}`));
        break;
      case 'status':
      case 'log':
        if (event.level === 'info') this.#terminal.say(this.#terminal.style('dim', `  ${event.message}`));
        else this.#terminal.warn(event.message);
        break;
      case 'checkpoint':
        break;
    }
  }

  finish(): void {
    this.#endBar();
  }

  /** The loss over the steps; empty until there are enough to make a curve. */
  #curve(): string[] {
    if (this.#losses.length < 2) return [];
    const width = Math.min(CURVE.width, this.#terminal.width - 20);
    return drawCurve(this.#losses, this.#steps, { ...CURVE, width }).map((line) => `  ${line}`);
  }

  #barOf(label: string): Progress {
    if (this.#bar?.label !== label) {
      this.#endBar();
      this.#bar = { label, progress: new Progress(this.#terminal, label), since: performance.now() };
    }
    return this.#bar!.progress;
  }

  #endBar(): void {
    if (!this.#bar) return;
    const { label, progress, since } = this.#bar;
    this.#bar = undefined;
    const took = `${label.trimEnd()} took ${formatDuration((performance.now() - since) / 1000)}`;
    const curve = this.#terminal.interactive && label.includes('train') ? this.#curve() : [];
    // The next training, of an evaluation, draws its own.
    if (label.includes('train')) this.#losses.length = 0;
    progress.finish([...curve, took].join('\n'));
  }
}
