// Explanations as text: what a person would want to read of one prediction, and of the study it was made from.
import type { Effect, Explanation, JsonObject, Objective, Prototype } from '../sdk/index.js';
import { formatNumber } from './table.js';

/** Parameters of an x in a line, as `name value`. */
export function writeX(x: JsonObject, names: readonly string[] = Object.keys(x)): string {
  return names.map((name) => `${name} ${Object.hasOwn(x, name) ? writeValue(x[name]) : 'absent'}`).join(', ');
}

/** The median, how sure it is, and what speaks for it. @param x what was asked about */
export function explanationText(explanation: Explanation, x: JsonObject, objective: Objective): string {
  const { median, quartiles, p_infeasible, warnings, neighbours, prototype, effects, left_out } = explanation;
  const y = withUnit(objective);
  const lines = [
    `${writeX(x)}`,
    `  ${objective.name} ${y(median)}; as likely as not from ${range(quartiles.lower, quartiles.upper, y)}`,
  ];
  if (p_infeasible >= 0.05) lines.push(`  fails with probability ${formatNumber(p_infeasible, 2)}`);
  lines.push(...warnings.map((warning) => `  note: ${warning}`));
  if (neighbours) {
    lines.push('  looks like (similarity: share of pairs of trials that are less alike)');
    for (const like of neighbours) {
      const measured = like.y === null ? 'failed' : y(like.y);
      const similarity = like.similarity === null ? '–' : like.similarity.toFixed(3);
      const other =
        like.differs.length > 0 ? `with ${writeX(like.x as JsonObject, like.differs)}` : 'the same parameters';
      lines.push(`    ${similarity}  ${measured}  ${other}`);
    }
  }
  if (typeof prototype === 'number') lines.push(`  stands with prototype ${prototype + 1}`);
  if (effects && effects.length > 0) lines.push('  if one parameter were another, the others held:');
  const moving = (effects ?? []).filter(({ direction }) => direction !== 'flat');
  for (const effect of moving) lines.push(...effectLines(effect, y));
  const flat = (effects ?? []).filter(({ direction }) => direction === 'flat').map(({ parameter }) => parameter);
  if (flat.length > 0) lines.push(`    ${flat.join(', ')}: no more than is unsure anyway`);
  for (const { parameter, reason } of left_out ?? []) lines.push(`    ${parameter}: not moved, ${reason}`);
  return lines.join('\n');
}

/** What each prototype stands for. */
export function prototypesText(prototypes: readonly Prototype[], compared: number, objective: Objective): string {
  const y = withUnit(objective);
  const lines = prototypes.flatMap(({ x, y: measured, trials, failed, y_range, shared }, i) => [
    `  ${i + 1}. ${trials} of ${compared} trials${failed > 0 ? `, ${failed} failed` : ''}${
      y_range ? `: ${range(y_range.low, y_range.high, y)}, half of them below ${y(y_range.median)}` : ''
    }`,
    `     such as ${writeX(x as JsonObject)}: ${measured === null ? 'failed' : y(measured)}`,
    `     in common: ${shared.map(sharedText).join('; ') || 'nothing that chance would not bring together'}`,
  ]);
  return lines.join('\n');
}

function effectLines({ parameter, direction, size, points, warnings }: Effect, y: (value: number) => string): string[] {
  const moved = points.map(({ value, median, current, removed, set }) => {
    const also = [
      ...removed.map((name) => `no ${name}`),
      ...Object.entries(set).map(([name, v]) => `${name} ${writeValue(v)}`),
    ];
    const at = `${writeValue(value)}${also.length > 0 ? ` (${also.join(', ')})` : ''}: ${formatNumber(median, 4)}`;
    return current ? `[${at}]` : at;
  });
  const how = direction === 'unordered' ? 'differs' : direction;
  return [
    `    ${parameter} ${how}, by ${y(size)} in all`,
    `      ${moved.join(' · ')}`,
    ...warnings.map((warning) => `      ${warning}`),
  ];
}

function sharedText({ parameter, categories, range: values }: Prototype['shared'][number]): string {
  const percent = (share: number) => `${Math.round(100 * share)}%`;
  if (categories) {
    const { values: names, share, study_share } = categories;
    return `${parameter} ${names.map(writeValue).join(' or ')} in ${percent(share)} (of the study ${percent(study_share)})`;
  }
  const { low, high, study_low, study_high } = values!;
  return `${parameter} ${between(low, high)} (in the study ${between(study_low, study_high)})`;
}

const between = (low: number, high: number) =>
  low === high ? formatNumber(low) : `${formatNumber(low)} to ${formatNumber(high)}`;

const range = (low: number, high: number, y: (value: number) => string) => `${formatNumber(low, 4)} to ${y(high)}`;

const withUnit =
  ({ unit }: Objective) =>
  (value: number) =>
    `${formatNumber(value, 4)}${unit ? ` ${unit}` : ''}`;

const writeValue = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
