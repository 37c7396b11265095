// The door of the graph builder: build with Graph and the operators of ops/, differentiate with gradients, write with toModel,
// run with OrtSession (session.ts). docs/graph.md has a worked example.
export { GRAPH_ERRORS, GraphError, type GraphErrorCode } from './errors.js';
export { gradients } from './gradients.js';
export { type Dim, type Dims, type DType, Graph, type TensorData, type TensorType, Value } from './ir.js';
export { toModel } from './proto.js';
