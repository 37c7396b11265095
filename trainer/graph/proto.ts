// Writes a graph as an ONNX model: protobuf bytes that ONNX Runtime and every other ONNX tool can load.
import { type Attribute, Graph, type TensorType, type Value } from './ir.js';
import { type LoweredGraph, type LoweredNode, lower } from './lower.js';
import { ATTRIBUTE_TYPE, ModelProto } from './onnx-schema.js';
import { ONNX_DTYPE } from './ops/logic.js';

/** The operator set whose definitions ops/ follows. ONNX Runtime 1.30 knows it in full. */
export const OPSET_VERSION = 21;
/** Operators of ONNX Runtime's own, which every build of it has. */
export const RUNTIME_DOMAIN = 'com.microsoft';
const IR_VERSION = 10;

/** The graph as the bytes of an ONNX ModelProto. Only what its outputs need is written. */
export function toModel(graph: Graph): Uint8Array {
  const lowered = lower(graph);
  const own = [...lowered.nodes.values()].flat().some(({ node }) => node.domain === RUNTIME_DOMAIN);
  const model = {
    irVersion: IR_VERSION,
    producerName: 'omnireg',
    opsetImport: [{ domain: '', version: OPSET_VERSION }, ...(own ? [{ domain: RUNTIME_DOMAIN, version: 1 }] : [])],
    graph: new Writer(lowered).graph(graph),
  };
  return ModelProto.encode(model).finish();
}

class Writer {
  /** Names of values that are written under the name of a graph output. */
  private readonly renamed = new Map<Value, string>();

  constructor(private readonly lowered: LoweredGraph) {}

  /** A GraphProto. */
  graph(graph: Graph): object {
    const outputs = this.lowered.outputs.get(graph)!;
    const copies: { name: string; value: Value }[] = [];
    for (const { name, value } of outputs) {
      // ONNX wants each output computed in its own graph under its own name: anything else is written as a copy.
      const own = value.producer && value.graph === graph && !this.renamed.has(value);
      if (own) this.renamed.set(value, name);
      else copies.push({ value, name });
    }
    const nodes = this.lowered.nodes.get(graph)!.map((node) => this.node(node));
    const identities = copies.map(({ value, name }) => ({
      input: [this.nameOf(value)],
      output: [name],
      name,
      opType: 'Identity',
    }));
    return {
      name: graph.name,
      node: [...nodes, ...identities],
      initializer: graph.root === graph ? this.lowered.initializers.map(writeTensor) : [],
      input: graph.inputs.map((value) => writeValueInfo(value.name, value)),
      output: outputs.map(({ name, value }) => writeValueInfo(name, value)),
    };
  }

  private nameOf(value: Value): string {
    return this.renamed.get(value) ?? value.name;
  }

  private node({ node, inputs, attributes }: LoweredNode): object {
    return {
      input: inputs.map((value) => this.nameOf(value)),
      output: node.outputs.map((value) => this.nameOf(value)),
      name: node.outputs[0]!.name,
      opType: node.onnxType,
      domain: node.domain,
      attribute: Object.entries(attributes).map(([name, value]) => this.attribute(name, value)),
    };
  }

  private attribute(name: string, value: Attribute): object {
    if (typeof value === 'number') return { name, type: ATTRIBUTE_TYPE.INT, i: value };
    if (typeof value === 'string') return { name, type: ATTRIBUTE_TYPE.STRING, s: Buffer.from(value) };
    if (value instanceof Graph) return { name, type: ATTRIBUTE_TYPE.GRAPH, g: this.graph(value) };
    if ('float' in value) return { name, type: ATTRIBUTE_TYPE.FLOAT, f: value.float };
    return { name, type: ATTRIBUTE_TYPE.INTS, ints: value };
  }
}

/** A TensorProto. Its bytes are little-endian, as is every platform of ONNX Runtime for Node. */
function writeTensor({ name, dtype, shape, data }: Value): object {
  const { buffer, byteOffset, byteLength } = data!;
  return { name, dims: shape, dataType: ONNX_DTYPE[dtype], rawData: new Uint8Array(buffer, byteOffset, byteLength) };
}

function writeValueInfo(name: string, { dtype, shape }: TensorType): object {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: ONNX_DTYPE[dtype], shape: { dim } } } };
}
