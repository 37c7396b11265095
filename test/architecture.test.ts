// Imports run one way: clients → (contract) → service → {store, trainer} → tokenizer. No cycles. How tables are read, service/tabular, is clients' too.
import { cruise } from 'dependency-cruiser';
import { describe, expect, it } from 'vitest';

/** What each top-level folder may import, besides itself and packages. */
const ALLOWED: Record<string, string[]> = {
  tokenizer: [],
  trainer: ['tokenizer'],
  store: ['tokenizer'],
  service: ['store', 'trainer', 'tokenizer'],
  clients: ['service/tabular'],
};

const forbidden = [
  ...Object.entries(ALLOWED).map(([from, allowed]) => ({
    name: `${from} imports only ${[from, ...allowed].join(', ')}`,
    severity: 'error' as const,
    from: { path: `^${from}/` },
    to: { path: `^(?!(${[from, ...allowed].join('|')})/)(${Object.keys(ALLOWED).join('|')}|test)/` },
  })),
  {
    name: 'service/tabular imports nothing else',
    severity: 'error' as const,
    from: { path: '^service/tabular/' },
    to: { path: `^(?!service/tabular/)(${Object.keys(ALLOWED).join('|')}|test)/` },
  },
  {
    name: 'no cycles',
    severity: 'error' as const,
    // Gradient rules are written in operators, whose gradient rules are written in operators: a cycle by nature.
    from: { pathNot: '^trainer/graph/' },
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only' as const] } },
  },
];

async function violations(folders: string[]) {
  const { output } = await cruise(folders, {
    ruleSet: { forbidden },
    validate: true,
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    // The SDK's package, where it has been built.
    exclude: { path: '^clients/sdk/dist/' },
    tsConfig: { fileName: 'tsconfig.json' },
  });
  if (typeof output === 'string') throw new Error(output);
  return output;
}

describe('architecture', () => {
  it('has no import against the direction of the house and no cycle', async () => {
    const { summary, modules } = await violations(Object.keys(ALLOWED));
    expect(modules.length).toBeGreaterThan(50);
    expect(summary.violations.map((v) => `${v.rule.name}: ${v.from} → ${v.to}`)).toEqual([]);
  });
});
