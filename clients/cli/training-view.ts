// The events of a training or an evaluation as a person sees them: one bar a phase, with loss, speed and the time that is left.
import type { EvaluationEvent } from '../sdk/index.js';
import { formatCount, formatDuration, Progress } from './progress.js';
import type { Terminal } from './terminal.js';

export class TrainingView {
  readonly #terminal: Terminal;
  #bar: { label: string; progress: Progress; since: number } | undefined;
  #validation: number | undefined;
  #speed = 0;

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
        this.#speed = number('tokens_per_second') ?? 0;
        const loss = number('loss')?.toFixed(3);
        const validation = this.#validation === undefined ? '' : ` (validation ${this.#validation.toFixed(3)})`;
        const note = `loss ${loss}${validation} · ${formatCount(this.#speed)} tokens/s`;
        this.#barOf('  train  ').update({ done: number('step') ?? 0, total: number('steps') ?? 0, note, ...eta });
        break;
      }
      case 'progress':
        this.#barOf('  predict').update({ done: number('done') ?? 0, total: number('total') ?? 0, ...eta });
        break;
      case 'validation':
        this.#validation = number('loss');
        break;
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
    progress.finish(`${label.trimEnd()} took ${formatDuration((performance.now() - since) / 1000)}`);
  }
}
