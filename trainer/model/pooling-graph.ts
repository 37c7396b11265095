// A prompt's states to one vector: a weighted mean, taken where the states are, so that a GPU need not hand all of them over.
import { Graph } from '../graph/graph.js';
import { MatMul } from '../graph/ops/matmul.js';
import { Squeeze, Unsqueeze } from '../graph/ops/shape.js';

/**
 * Inputs: `states` [queries, length, d_model] as `encoderGraph` gives them, `weights` float32 [queries, length]. Output: `pooled`
 * [queries, d_model], the sums of the states times their weights.
 */
export function poolingGraph(dModel: number): Graph {
  const g = new Graph('pooling');
  const states = g.input('states', 'float32', ['queries', 'length', dModel]);
  const weights = g.input('weights', 'float32', ['queries', 'length']);
  g.output(Squeeze(MatMul(Unsqueeze(weights, [1]), states), [1]), 'pooled');
  return g;
}
