// Every example in openapi.yaml follows its schema, by the service's own checks; errors that examples show are what it says of such requests.
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { DEFAULT_CONFIG } from '../../../service/config.js';
import { contractJson, loadContract, type OperationId, type Schema } from '../../../service/contract/load-contract.js';
import { compileChecks } from '../../../service/contract/validators.js';
import { invalidRequest } from '../../../service/errors.js';

interface Example {
  where: string;
  schema: Schema;
  value: unknown;
}

const contract = loadContract();
const checksOf = compileChecks(contract, DEFAULT_CONFIG);
const operation = (id: OperationId) => contract.operations.find((one) => one.id === id)!;
const found = examplesIn(parse(contractJson().replaceAll('#/components/schemas/', 'contract#/$defs/')), '');
const valueAt = (where: string) => found.find((example) => example.where === where)!.value;

/** Examples stand beside a `schema`, or in the schema that they are examples of. */
function examplesIn(node: unknown, where: string): Example[] {
  if (typeof node !== 'object' || node === null) return [];
  const { example, examples = {}, ...rest } = node as Record<string, unknown>;
  const schema = (rest.schema ?? rest) as Schema;
  const several = Object.entries(examples as object).map(
    ([name, each]) => [`${where}/${name}`, Array.isArray(examples) ? each : each.value] as const,
  );
  const own = example === undefined ? several : [[where, example] as const, ...several];
  return [
    ...own.map(([at, value]) => ({ where: at, schema, value })),
    ...Object.entries(rest).flatMap(([key, inside]) => examplesIn(inside, `${where}/${key}`)),
  ];
}

it.each(found)('$where', ({ schema, value }) => {
  // A body of that schema; the rows of trials:batch are judged below, as one of them is wrong on purpose.
  const { body } = checksOf({ ...operation('createTrials'), body: { schema, required: true } });
  expect(body!(value, '')).toEqual([]);
});

it('are found', () => expect(found.length).toBeGreaterThan(40));

it.each(Object.keys(contract.definitions))('%s is a schema, of known keywords only', (name) => {
  // A comma in a description without quotes ends it, and what follows becomes a keyword.
  const { body } = checksOf({
    ...operation('createStudy'),
    body: { schema: { $ref: `contract#/$defs/${name}` }, required: true },
  });
  expect(() => body!(null, '')).not.toThrow();
});

it('shows of a batch with a bad row what is said of it', () => {
  const path = '/paths//v1/studies/{study_id}/trials:batch/post';
  const { trials } = valueAt(`${path}/requestBody/content/application/json`) as { trials: unknown[] };
  const { each } = checksOf(operation('createTrials'));
  const errors = trials.flatMap((trial, row) =>
    each!.check(trial, `/trials/${row}`).map((error) => ({ row, ...error })),
  );
  expect(valueAt(`${path}/responses/200/content/application/json`)).toMatchObject({ created: [{ row: 0 }], errors });
});

it('shows of a misspelt field what is said of it', () => {
  const errors = checksOf(operation('createStudy')).body!({ name: 'n', metdata: {} }, '');
  const problem = invalidRequest(errors).toProblem();
  expect(valueAt('/components/responses/BadRequest/content/application/problem+json')).toEqual(problem);
});
