// Prepares a graph for writing: removes what changes nothing, merges equal nodes, and keeps only what the outputs need.
import { sameShape } from './dims.js';
import { type Attributes, Graph, type Node, type Value } from './ir.js';

/** A node as it is written, perhaps with other inputs and attributes than it was built with. */
export interface LoweredNode {
  readonly node: Node;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes;
}

export interface LoweredGraph {
  /** The live nodes of each graph, the bodies of Loop and If among them, in topological order. */
  readonly nodes: ReadonlyMap<Graph, readonly LoweredNode[]>;
  /** The outputs of each graph. */
  readonly outputs: ReadonlyMap<Graph, readonly { name: string; value: Value }[]>;
  /** The weights and constants that are read. */
  readonly initializers: readonly Value[];
}

/** Simplifies a graph. The graph itself stays as it is. */
export function lower(graph: Graph): LoweredGraph {
  const graphs = nestedGraphs(graph);
  const all = graphs.flatMap(({ nodes }) => nodes).sort((a, b) => a.id - b.id);
  const simplifier = new Simplifier();
  for (const node of all) simplifier.visit(node);

  const outputs = new Map(
    graphs.map((g) => [g, g.outputs.map(({ name, value }) => ({ name, value: simplifier.resolve(value) }))]),
  );
  const live = new Set<Node>();
  const read = new Set<Value>();
  const pending = outputs.get(graph)!.map(({ value }) => value);
  for (let value = pending.pop(); value; value = pending.pop()) {
    read.add(value);
    const lowered = simplifier.producer(value);
    if (!lowered || live.has(lowered.node)) continue;
    live.add(lowered.node);
    pending.push(...lowered.inputs);
    for (const body of bodiesOf(lowered.node)) pending.push(...outputs.get(body)!.map((output) => output.value));
  }
  const nodes = new Map(
    graphs.map((g) => [g, g.nodes.filter((node) => live.has(node)).map((node) => simplifier.lowered(node))]),
  );
  return { nodes, outputs, initializers: graph.initializers.filter((value) => read.has(value)) };
}

function bodiesOf(node: Node): Graph[] {
  return Object.values(node.attributes).filter((attribute) => attribute instanceof Graph);
}

function nestedGraphs(graph: Graph): Graph[] {
  return [graph, ...graph.nodes.flatMap(bodiesOf).flatMap(nestedGraphs)];
}

/** Visits nodes in topological order and finds for each a simpler form, or a value that stands for its output. */
class Simplifier {
  private readonly stand = new Map<Value, Value>();
  private readonly nodes = new Map<Node, LoweredNode>();
  private readonly seen = new Map<string, Node>();

  /** The value to read in place of another. */
  resolve(value: Value): Value {
    return this.stand.get(value) ?? value;
  }

  lowered(node: Node): LoweredNode {
    return this.nodes.get(node)!;
  }

  producer(value: Value): LoweredNode | undefined {
    return value.producer && this.nodes.get(value.producer);
  }

  visit(node: Node): void {
    let lowered: LoweredNode = { node, inputs: node.inputs.map((v) => this.resolve(v)), attributes: node.attributes };
    if (node.onnxType === 'Reshape') lowered = this.mergeReshapes(lowered);
    this.nodes.set(node, lowered);
    const same = this.changesNothing(lowered);
    if (same) {
      this.stand.set(node.outputs[0]!, same);
      return;
    }
    const twin = this.twinOf(lowered);
    if (twin) node.outputs.forEach((output, i) => void this.stand.set(output, twin.outputs[i]!));
  }

  /** The value that equals a node's only output, if there is one before the node. */
  private changesNothing(lowered: LoweredNode): Value | undefined {
    const { node, inputs } = lowered;
    const x = inputs[0]!;
    const output = node.outputs[0]!;
    switch (node.onnxType) {
      case 'Identity':
        return x;
      case 'Reshape':
      case 'Expand':
        return sameShape(x.shape, output.shape) ? x : undefined;
      case 'Transpose':
        return this.undone(lowered);
      default:
        return undefined;
    }
  }

  /** What a transpose leaves of its input: that itself, or what another transpose before it had turned the other way. */
  private undone({ inputs, attributes }: LoweredNode): Value | undefined {
    const perm = attributes.perm as readonly number[];
    if (perm.every((axis, i) => axis === i)) return inputs[0];
    const before = this.producer(inputs[0]!);
    if (before?.node.onnxType !== 'Transpose') return undefined;
    const first = before.attributes.perm as readonly number[];
    return perm.every((axis, i) => first[axis] === i) ? before.inputs[0] : undefined;
  }

  /** A reshape of a reshape is the last one, unless it copies sizes ("0") from what it reshapes. */
  private mergeReshapes(lowered: LoweredNode): LoweredNode {
    const [x, target] = lowered.inputs as [Value, Value];
    const before = this.producer(x);
    if (before?.node.onnxType !== 'Reshape') return lowered;
    const copiesSizes = target.data?.some((size) => Number(size) === 0) ?? false;
    return copiesSizes ? lowered : { ...lowered, inputs: [before.inputs[0]!, target] };
  }

  /** An earlier node of the same graph that computes the same. Every operator is a pure function of its inputs. */
  private twinOf({ node, inputs, attributes }: LoweredNode): Node | undefined {
    if (bodiesOf(node).length > 0) return undefined;
    const names = inputs.map(({ name }) => name);
    const key = JSON.stringify([node.graph.name, node.onnxType, names, attributes]);
    const twin = this.seen.get(key);
    if (!twin) this.seen.set(key, node);
    return twin;
  }
}
