// Reverse-mode differentiation: walks the graph from the loss back to the wanted values and emits each operator's gradient rule.
import { sameShape } from './dims.js';
import { GraphError } from './errors.js';
import { formatType, type Node, type Value } from './ir.js';
import { Add } from './ops/elementwise.js';
import { zerosLike } from './runtime-shape.js';

/**
 * ∂loss/∂v for each v of `wrt`, of v's shape and type; zeros where the loss does not depend on v.
 * The new nodes stand in the loss's graph, so inside a Loop body too. Only paths between `wrt` and the loss are walked.
 * Throws GRAPH_LOSS_NOT_SCALAR, and GRAPH_NO_GRADIENT where such a path leads through an operator without a gradient.
 */
export function gradients(loss: Value, wrt: readonly Value[]): Value[] {
  if (!loss.isFloat || loss.rank !== 0) {
    throw new GraphError('GRAPH_LOSS_NOT_SCALAR', `gradients: the loss must be one float, got ${loss}: use ReduceSum`);
  }
  const integer = wrt.find((value) => !value.isFloat);
  if (integer) {
    throw new GraphError(
      'GRAPH_DTYPE_MISMATCH',
      `gradients: ${integer.name} is ${integer} and has none: Cast it to float`,
    );
  }
  const sums = new Map<Value, Value>([[loss, loss.graph.scalar(loss.dtype, 1)]]);
  for (const node of nodesBetween(wrt, loss)) {
    const outputGradients = node.outputs.map((output) => sums.get(output));
    if (outputGradients.every((gradient) => gradient === undefined)) continue;
    node.backward(outputGradients).forEach((gradient, i) => {
      const input = node.differentiates[i]!;
      if (!gradient || !input.isFloat) return;
      requireShapeOf(node, input, gradient);
      const sum = sums.get(input);
      sums.set(input, sum ? Add(sum, gradient) : gradient);
    });
  }
  return wrt.map((value) => sums.get(value) ?? zerosLike(value));
}

/** The nodes on paths from `wrt` to the loss, those nearest the loss first: each follows all of the nodes that read it. */
function nodesBetween(wrt: readonly Value[], loss: Value): Node[] {
  const wanted = new Set(wrt);
  const below = new Set<Node>();
  const pending = loss.producer ? [loss.producer] : [];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (below.has(node)) continue;
    below.add(node);
    for (const input of node.differentiates) if (input.producer) pending.push(input.producer);
  }
  const path: Node[] = [];
  const onPath = new Set<Node>();
  for (const node of [...below].sort((a, b) => a.id - b.id)) {
    const depends = node.differentiates.some(
      (input) => wanted.has(input) || (input.producer !== undefined && onPath.has(input.producer)),
    );
    if (!depends) continue;
    onPath.add(node);
    path.push(node);
  }
  return path.reverse();
}

function requireShapeOf(node: Node, input: Value, gradient: Value): void {
  if (gradient.dtype === input.dtype && sameShape(gradient.shape, input.shape)) return;
  const message = `${node.op}: its gradient rule made ${formatType(gradient)} for an input ${formatType(input)}`;
  throw new GraphError('GRAPH_INTERNAL', message);
}
