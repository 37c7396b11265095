// The part of the ONNX protobuf schema that models are written with, by the field numbers of onnx.proto (IR version 10).
import protobuf from 'protobufjs/light.js';

type Field = [type: string, id: number];

const single = (fields: Record<string, Field>) =>
  Object.fromEntries(Object.entries(fields).map(([name, [type, id]]) => [name, { type, id }]));
const repeated = (fields: Record<string, Field>) =>
  Object.fromEntries(Object.entries(fields).map(([name, [type, id]]) => [name, { rule: 'repeated', type, id }]));

const root = protobuf.Root.fromJSON({
  nested: {
    ModelProto: {
      fields: {
        ...single({ irVersion: ['int64', 1], producerName: ['string', 2], graph: ['GraphProto', 7] }),
        ...repeated({ opsetImport: ['OperatorSetIdProto', 8] }),
      },
    },
    OperatorSetIdProto: { fields: single({ domain: ['string', 1], version: ['int64', 2] }) },
    GraphProto: {
      fields: {
        ...single({ name: ['string', 2] }),
        ...repeated({
          node: ['NodeProto', 1],
          initializer: ['TensorProto', 5],
          input: ['ValueInfoProto', 11],
          output: ['ValueInfoProto', 12],
        }),
      },
    },
    NodeProto: {
      fields: {
        ...repeated({ input: ['string', 1], output: ['string', 2], attribute: ['AttributeProto', 5] }),
        ...single({ name: ['string', 3], opType: ['string', 4], domain: ['string', 7] }),
      },
    },
    AttributeProto: {
      fields: {
        ...single({ name: ['string', 1], f: ['float', 2], i: ['int64', 3], s: ['bytes', 4] }),
        ...single({ g: ['GraphProto', 6], type: ['int32', 20] }),
        // onnx.proto is proto2: lists of numbers are not packed.
        ints: { rule: 'repeated', type: 'int64', id: 8, options: { packed: false } },
      },
    },
    TensorProto: {
      fields: {
        dims: { rule: 'repeated', type: 'int64', id: 1, options: { packed: false } },
        ...single({ dataType: ['int32', 2], name: ['string', 8], rawData: ['bytes', 9] }),
      },
    },
    ValueInfoProto: { fields: single({ name: ['string', 1], type: ['TypeProto', 2] }) },
    TypeProto: { fields: single({ tensorType: ['TensorTypeProto', 1] }) },
    TensorTypeProto: { fields: single({ elemType: ['int32', 1], shape: ['TensorShapeProto', 2] }) },
    TensorShapeProto: { fields: repeated({ dim: ['DimensionProto', 1] }) },
    DimensionProto: { fields: single({ dimValue: ['int64', 1], dimParam: ['string', 2] }) },
  },
});

/** AttributeProto.AttributeType. */
export const ATTRIBUTE_TYPE = { FLOAT: 1, INT: 2, STRING: 3, GRAPH: 5, INTS: 7 } as const;

/** Writes and reads whole models. */
export const ModelProto = root.lookupType('ModelProto');
