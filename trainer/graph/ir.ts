// The graph under construction: values, nodes, weights and constants. Operators (ops/) add nodes to it, gradients.ts adds their
// derivatives, proto.ts writes the result as an ONNX model. Users import it through graph.ts.
import { createHash } from 'node:crypto';
import { canonicalDim, type Dims, isStatic, isSymbol, sizeOfShape } from './dims.js';
import { GraphError } from './errors.js';
import { toFloat16 } from './half-floats.js';

export type { Dim, Dims } from './dims.js';

/** float16, int8 and uint8 are types to store and to multiply in, not to differentiate: Cast leads out of them. */
export type DType = 'float32' | 'float64' | 'float16' | 'int32' | 'int64' | 'int8' | 'uint8' | 'bool';
/** The bits of a float16 are kept as a Uint16Array: see half-floats.ts. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Uint16Array
  | Int32Array
  | BigInt64Array
  | Int8Array
  | Uint8Array;

/** What is known of a tensor before it exists. */
export interface TensorType {
  dtype: DType;
  shape: Dims;
}

/** An attribute of an ONNX node: an int64, a list of them, a float32, a string, or a subgraph. */
export type Attribute = number | readonly number[] | { readonly float: number } | string | Graph;
export type Attributes = Readonly<Record<string, Attribute>>;

/** One gradient for each value that a node differentiates; undefined where it has none, such as integers and conditions. */
export type InputGradients = readonly (Value | undefined)[];

/** An application of an operator. Node ids grow in the order of creation, which is a topological order across nested graphs. */
export interface Node {
  readonly id: number;
  /** Name in the registry of operators, and in every error. */
  readonly op: string;
  readonly onnxType: string;
  /** Where the operator is defined, if not by ONNX itself. */
  readonly domain: string;
  readonly graph: Graph;
  readonly inputs: readonly Value[];
  /**
   * The values whose gradients `backward` gives: the inputs, and what the node's subgraphs read of outer graphs;
   * for a composite with a rule of its own, what the composite was applied to.
   */
  readonly differentiates: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
  /** Emits the gradients of what it differentiates, given those of the outputs (undefined: an output that the loss does not use). */
  readonly backward: (outputGradients: readonly (Value | undefined)[]) => InputGradients;
}

/** A tensor in a graph: an input, a weight, a constant, or what a node gives out. Made by Graph and by operators only. */
export class Value {
  constructor(
    readonly graph: Graph,
    readonly name: string,
    readonly dtype: DType,
    readonly shape: Dims,
    /** The node that computes the value; absent for inputs, weights and constants. */
    readonly producer?: Node,
    /** The content of a weight or a constant. */
    readonly data?: TensorData,
  ) {}

  get rank(): number {
    return this.shape.length;
  }

  get isFloat(): boolean {
    return this.dtype === 'float32' || this.dtype === 'float64';
  }

  /** Such as `float32[batch,3]`, as errors print it. */
  toString(): string {
    return formatType(this);
  }
}

export function formatType({ dtype, shape }: TensorType): string {
  return `${dtype}[${shape.join(',')}]`;
}

/** The typed array that holds each element type. */
export const DATA_CLASS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/** Numbers as the typed array that holds `dtype`; true is 1. */
export function tensorData(dtype: DType, values: readonly number[]): TensorData {
  if (dtype === 'int64') return BigInt64Array.from(values, BigInt);
  return dtype === 'float16' ? toFloat16(Float32Array.from(values)) : DATA_CLASS[dtype].from(values);
}

/**
 * A graph, or the body of a Loop or If inside of one. Names, weights and constants belong to the outermost graph;
 * a body has inputs, nodes and outputs of its own and may read any value of the graphs around it.
 */
export class Graph {
  readonly inputs: Value[] = [];
  readonly nodes: Node[] = [];
  readonly outputs: { readonly name: string; readonly value: Value }[] = [];
  /** Weights and constants, of the outermost graph only. */
  readonly initializers: Value[] = [];
  readonly root: Graph;
  /** Set once the body has been traced: nothing may be added after. */
  closed = false;
  /** On the root: the If branch being traced, to which nodes belong even if everything they read lies outside. */
  branch: Graph | undefined;

  private readonly names = new Set<string>();
  private readonly constants = new Map<string, Value>();
  private readonly symbols = new Map<string, { value: Value; axis: number }>();
  private nextId = 0;

  constructor(
    readonly name: string = 'graph',
    readonly parent?: Graph,
  ) {
    this.root = parent?.root ?? this;
  }

  /** A tensor fed at every run. A symbol in its shape names a size that is known only then. */
  input(name: string, dtype: DType, shape: Dims): Value {
    const value = new Value(this, this.claimName(name), dtype, shape.map(canonicalDim));
    this.inputs.push(value);
    this.registerSymbols(value);
    return value;
  }

  /** An input of a body, under a name made from `stem` that nobody has. */
  bodyInput(stem: string, { dtype, shape }: TensorType): Value {
    const value = new Value(this, this.uniqueName(stem), dtype, shape.map(canonicalDim));
    this.inputs.push(value);
    this.registerSymbols(value);
    return value;
  }

  /** A named tensor stored in the model: a weight. The data is kept by reference, row-major, and read when the model is written. */
  initializer(name: string, dtype: DType, shape: Dims, data: TensorData): Value {
    return this.root.addInitializer(this.root.claimName(name), dtype, shape, data);
  }

  /** An unnamed tensor stored in the model. Equal constants are one Value. */
  constant(dtype: DType, shape: Dims, data: TensorData | readonly number[]): Value {
    const { root } = this;
    const content = Array.isArray(data) ? tensorData(dtype, data) : (data as TensorData);
    const hash = createHash('sha256').update(new Uint8Array(content.buffer, content.byteOffset, content.byteLength));
    const key = `${dtype}[${shape.join(',')}]${hash.digest('base64')}`;
    let value = root.constants.get(key);
    if (!value) {
      value = root.addInitializer(root.uniqueName('constant'), dtype, shape, content);
      root.constants.set(key, value);
    }
    return value;
  }

  /** A constant of shape []. */
  scalar(dtype: DType, value: number | boolean): Value {
    return this.constant(dtype, [], [Number(value)]);
  }

  /** Makes a value an output of the model under `name`, which must differ from all names of inputs and weights. */
  output(value: Value, name?: string): void {
    if (!value.graph.encloses(this)) throw foreignValue('output', value, this);
    this.outputs.push({ name: name === undefined ? this.uniqueName('output') : this.claimName(name), value });
  }

  /** Whether values of this graph can be read in `inner`: it is the same graph or lies inside. */
  encloses(inner: Graph): boolean {
    for (let graph: Graph | undefined = inner; graph; graph = graph.parent) if (graph === this) return true;
    return false;
  }

  /** A name nobody has: `Add_12`. Unique over all nested graphs, as ONNX forbids to shadow names. */
  uniqueName(stem: string): string {
    const { root } = this;
    for (;;) {
      const name = `${stem}_${root.nextId++}`;
      if (!root.names.has(name)) return root.claimName(name);
    }
  }

  /** The next node id: larger than the ids of all nodes so far. */
  takeId(): number {
    return this.root.nextId++;
  }

  /** A value, and its axis, whose size is the symbol; undefined where none is known. */
  whereIs(symbol: string): { value: Value; axis: number } | undefined {
    return this.root.symbols.get(symbol);
  }

  /** Remembers the value as a source of the sizes of symbols that no other value has stated yet. */
  registerSymbols(value: Value): void {
    const { symbols } = this.root;
    value.shape.forEach((dim, axis) => {
      if (isSymbol(dim) && !symbols.has(dim)) symbols.set(dim, { value, axis });
    });
  }

  private addInitializer(name: string, dtype: DType, shape: Dims, data: TensorData): Value {
    if (!isStatic(shape)) {
      throw new GraphError('GRAPH_INVALID_DIMENSION', `${name}: stored tensors need numeric shapes, not [${shape}]`);
    }
    if (!(data instanceof DATA_CLASS[dtype])) {
      const expected = DATA_CLASS[dtype].name;
      throw new GraphError('GRAPH_DTYPE_MISMATCH', `${name}: ${dtype} data must be a ${expected}`);
    }
    if (data.length !== sizeOfShape(shape)) {
      const message = `${name}: shape [${shape}] holds ${sizeOfShape(shape)} elements, the data has ${data.length}`;
      throw new GraphError('GRAPH_SHAPE_MISMATCH', message);
    }
    const value = new Value(this, name, dtype, [...shape], undefined, data);
    this.initializers.push(value);
    return value;
  }

  private claimName(name: string): string {
    const { names } = this.root;
    if (name === '') throw new GraphError('GRAPH_INVALID_ARGUMENT', 'a name must not be empty');
    if (names.has(name)) throw duplicateName(name);
    names.add(name);
    return name;
  }
}

function duplicateName(name: string): GraphError {
  return new GraphError('GRAPH_DUPLICATE_NAME', `the name '${name}' is taken: give each value and output its own`);
}

export function foreignValue(op: string, value: Value, graph: Graph): GraphError {
  const message = `${op}: ${value.name} ${value} belongs to '${value.graph.name}' and cannot be read in '${graph.name}'`;
  return new GraphError('GRAPH_FOREIGN_VALUE', `${message}: use values of the same graph or of one around it`);
}
