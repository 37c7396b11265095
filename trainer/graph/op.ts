// How operators are defined: each states how its outputs' types follow from its inputs, and how gradients pass through it.
// Rules call other families' operators when gradients are taken, never while modules load, so families may import one another.
import { GraphError, type GraphErrorCode } from './errors.js';
import { type Attributes, foreignValue, Graph, type InputGradients, type Node, type TensorType, Value } from './ir.js';

/** What a gradient rule sees. */
export interface GradientContext<P> {
  inputs: readonly Value[];
  outputs: readonly Value[];
  /** Gradient of the first output. Rules of operators with several outputs read `outputGradients`. */
  gradient: Value;
  outputGradients: readonly (Value | undefined)[];
  params: P;
}

export interface OpSpec<P> {
  /** ONNX op_type, where it is not the operator's own name. */
  onnxType?: string;
  /** Where it is defined, if not by ONNX itself. */
  domain?: string;
  /** Types of the outputs; throws where the inputs do not fit. */
  infer(inputs: readonly Value[], params: P): TensorType[];
  /** What of the parameters is written into the model. */
  attributes?(params: P): Attributes;
  /** Emits one gradient an input, each with its input's shape; or a phrase that says why there is none. */
  gradient: ((context: GradientContext<P>) => InputGradients) | string;
}

/** What tests and documentation can ask about an operator. */
export interface OpInfo {
  readonly name: string;
  /** Why there is no gradient; undefined where there is one. */
  readonly noGradient: string | undefined;
}

const registry = new Map<string, OpInfo>();

/** Every operator that has been defined, by name. */
export function registeredOps(): ReadonlyMap<string, OpInfo> {
  return registry;
}

/** Applies an operator to inputs, adding a node to the innermost graph among theirs. */
export type Apply<P> = (inputs: readonly Value[], params: P) => Value[];

/** Defines an operator and returns the function that applies it, which the operator's public function wraps. */
export function defineOp<P = Record<never, never>>(name: string, spec: OpSpec<P>): Apply<P> {
  const { gradient } = spec;
  registry.set(name, { name, noGradient: typeof gradient === 'string' ? gradient : undefined });
  return (inputs, params) => {
    const types = spec.infer(inputs, params);
    const attributes = spec.attributes?.(params) ?? {};
    const bodies = Object.values(attributes).filter((attribute) => attribute instanceof Graph);
    const backward: Backward = (outputs, outputGradients) => {
      if (typeof gradient === 'string') {
        throw new GraphError('GRAPH_NO_GRADIENT', `${name}: has no gradient: ${gradient}`);
      }
      const first = outputGradients.find((value) => value !== undefined)!;
      return gradient({ inputs, outputs, gradient: first, outputGradients, params });
    };
    const differentiates = [...inputs, ...bodies.flatMap(capturesOf)];
    const { onnxType = name, domain = '' } = spec;
    return addNode({ name, onnxType, domain, inputs, attributes, types, differentiates, backward });
  };
}

/** A function of other operators with a gradient rule of its own, cheaper than the one that follows from its parts. */
export interface CompositeSpec<P> {
  /** Emits the parts. `saved` are intermediate values that the gradient uses again. */
  forward(x: Value, params: P): { y: Value; saved: readonly Value[] };
  gradient(context: { x: Value; y: Value; saved: readonly Value[]; gradient: Value }): Value;
}

/** Defines a composite of one value. In the graph it ends in an Identity, which is not written and carries the rule. */
export function defineComposite<P>(
  name: string,
  { forward, gradient }: CompositeSpec<P>,
): (x: Value, params: P) => Value {
  registry.set(name, { name, noGradient: undefined });
  return (x, params) => {
    const { y, saved } = forward(x, params);
    const backward: Backward = ([output], [g]) => [gradient({ x, y: output!, saved, gradient: g! })];
    const node = { name, onnxType: 'Identity', domain: '', attributes: {}, types: [y], differentiates: [x], backward };
    return addNode({ ...node, inputs: [y] })[0]!;
  };
}

type Backward = (outputs: readonly Value[], outputGradients: readonly (Value | undefined)[]) => InputGradients;

interface NodeParts {
  name: string;
  onnxType: string;
  domain: string;
  inputs: readonly Value[];
  attributes: Attributes;
  types: readonly TensorType[];
  differentiates: readonly Value[];
  backward: Backward;
}

function addNode(parts: NodeParts): Value[] {
  const { name, onnxType, domain, inputs, attributes, differentiates } = parts;
  const graph = innermost(name, [...inputs, ...differentiates]);
  const outputs: Value[] = [];
  const backward = (outputGradients: readonly (Value | undefined)[]) => parts.backward(outputs, outputGradients);
  const id = graph.takeId();
  const node: Node = { id, op: name, onnxType, domain, graph, inputs, outputs, attributes, differentiates, backward };
  for (const { dtype, shape } of parts.types) {
    outputs.push(new Value(graph, graph.uniqueName(name), dtype, shape, node));
  }
  graph.nodes.push(node);
  return outputs;
}

/**
 * The graph a node belongs to: the innermost among its inputs'. Work inside a Loop body that reads only outer values
 * therefore lands outside and is done once. An If branch keeps its own work, which must not run when it is not taken.
 */
function innermost(op: string, inputs: readonly Value[]): Graph {
  const first = inputs[0]!.graph;
  let graph = first.root.branch ?? first;
  for (const input of inputs) {
    if (graph.encloses(input.graph)) graph = input.graph;
    else if (!input.graph.encloses(graph)) throw foreignValue(op, input, graph);
  }
  if (graph.closed) {
    const message = `${op}: a value of '${graph.name}' is used after that body ended: return it from the body instead`;
    throw new GraphError('GRAPH_FOREIGN_VALUE', message);
  }
  return graph;
}

/** The outer values that a body reads, each once, in order of first use. */
function capturesOf(body: Graph): Value[] {
  const captures = new Set<Value>();
  const note = (value: Value) => {
    if (value.graph !== body && value.graph.encloses(body)) captures.add(value);
  };
  for (const node of body.nodes) [...node.inputs, ...node.differentiates].forEach(note);
  for (const output of body.outputs) note(output.value);
  return [...captures];
}

/** Throws a coded error whose message begins with the operator's name. */
export function refuse(code: GraphErrorCode, op: string, message: string): never {
  throw new GraphError(code, `${op}: ${message}`);
}

/** The axis counted from the front. Throws GRAPH_INVALID_AXIS where the rank has no such axis. */
export function normalizeAxis(op: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    const range = rank === 0 ? 'a scalar has none' : `use ${-rank}..${rank - 1}`;
    refuse('GRAPH_INVALID_AXIS', op, `axis ${axis} of a tensor of rank ${rank}: ${range}`);
  }
  return axis < 0 ? axis + rank : axis;
}

/** The axes counted from the front, in rising order; all of them where none are named. */
export function normalizeAxes(op: string, axes: number | readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  const list = (typeof axes === 'number' ? [axes] : axes).map((axis) => normalizeAxis(op, axis, rank));
  if (new Set(list).size < list.length) refuse('GRAPH_INVALID_AXIS', op, `axes [${axes}] name an axis twice`);
  return list.sort((a, b) => a - b);
}

export function requireFloat(op: string, value: Value): void {
  if (!value.isFloat) refuse('GRAPH_DTYPE_MISMATCH', op, `needs float32 or float64, got ${value}: insert a Cast`);
}

export function requireNumeric(op: string, value: Value): void {
  if (value.dtype === 'bool') refuse('GRAPH_DTYPE_MISMATCH', op, `needs numbers, got ${value}: insert a Cast`);
}

export function requireIndices(op: string, value: Value): void {
  if (value.dtype !== 'int32' && value.dtype !== 'int64') {
    refuse('GRAPH_DTYPE_MISMATCH', op, `indices must be int32 or int64, got ${value}: insert a Cast`);
  }
}

export function requireBool(op: string, value: Value): void {
  if (value.dtype !== 'bool') refuse('GRAPH_DTYPE_MISMATCH', op, `needs bool, got ${value}: compare or Cast first`);
}

export function requireSameDType(op: string, a: Value, b: Value): void {
  if (a.dtype !== b.dtype) {
    refuse('GRAPH_DTYPE_MISMATCH', op, `operands differ in type: a ${a} × b ${b}: insert a Cast`);
  }
}
