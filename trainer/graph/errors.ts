// The table of everything the graph builder and its sessions can refuse, and the one error class that carries the codes.

/** Every code with what it means. The message of each thrown error names the place and the fix. */
export const GRAPH_ERRORS = {
  GRAPH_SHAPE_MISMATCH: 'The shapes of the operands do not fit the operator.',
  GRAPH_DTYPE_MISMATCH: 'The element types of the operands do not fit the operator.',
  GRAPH_INVALID_AXIS: 'An axis lies outside of the rank of its tensor, or is named twice.',
  GRAPH_INVALID_ARGUMENT: 'An argument of an operator or of the builder has no meaning.',
  GRAPH_INVALID_DIMENSION: 'A dimension is neither a non-negative integer nor a symbolic expression.',
  GRAPH_UNKNOWN_SYMBOL: 'The size of a symbolic dimension is needed at run time and no value in reach has it.',
  GRAPH_DUPLICATE_NAME: 'Two values or outputs of one graph share a name.',
  GRAPH_FOREIGN_VALUE: 'A value is used in a graph from which it cannot be reached.',
  GRAPH_LOSS_NOT_SCALAR: 'Gradients are taken of something that is not one floating-point number.',
  GRAPH_NO_GRADIENT: 'The loss depends on a wanted value through an operator without a gradient.',
  GRAPH_INTERNAL: 'A rule of this package broke its own contract: a bug to report.',
  SESSION_INVALID_MODEL: 'ONNX Runtime refused the model.',
  SESSION_INVALID_FEED: 'A tensor fed to a session is missing, unknown, or of another type or size than the input.',
  SESSION_RUN_FAILED: 'ONNX Runtime failed while it ran the model.',
  SESSION_RELEASED: 'A session was used after it had been released.',
  SESSION_IN_USE: 'A session was released while tensors that it made are still on the device.',
  TENSOR_DISPOSED: 'A tensor on the device was used after its memory had been given back.',
} as const;

export type GraphErrorCode = keyof typeof GRAPH_ERRORS;

/** What this package throws. Messages about an operator begin with its name. */
export class GraphError extends Error {
  override readonly name = 'GraphError';

  constructor(
    readonly code: GraphErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
