// All trees of an ensemble in a few flat arrays, which is what makes thousands of small ensembles affordable.

const LEAF = -1;

/** Storage of binary regression trees. Children of a node stand next to each other: `left` and `left + 1`. */
export class TreeArena {
  private size = 0;
  private readonly roots: number[] = [];
  private feature: Int32Array;
  private left: Int32Array;
  private missingGoesLeft: Uint8Array;
  /** Threshold of an inner node, value of a leaf. */
  private number: Float64Array;

  constructor(expectedNodes: number) {
    this.feature = new Int32Array(expectedNodes);
    this.left = new Int32Array(expectedNodes);
    this.missingGoesLeft = new Uint8Array(expectedNodes);
    this.number = new Float64Array(expectedNodes);
  }

  get trees(): number {
    return this.roots.length;
  }

  /** Starts a tree and returns its root, a leaf until it is split. */
  startTree(): number {
    const root = this.reserve(1);
    this.roots.push(root);
    return root;
  }

  setLeaf(node: number, value: number): void {
    this.feature[node] = LEAF;
    this.number[node] = value;
  }

  /** Makes `node` an inner node (value ≤ threshold goes left) and returns its left child; the right one is the next. */
  split(node: number, feature: number, threshold: number, missingGoesLeft: boolean): number {
    const left = this.reserve(2);
    this.feature[node] = feature;
    this.number[node] = threshold;
    this.missingGoesLeft[node] = missingGoesLeft ? 1 : 0;
    this.left[node] = left;
    return left;
  }

  /** Value of tree `tree` at the row that begins at `offset` of `values`. */
  predict(tree: number, values: Float64Array, offset: number): number {
    const { feature, number, left, missingGoesLeft } = this;
    let node = this.roots[tree]!;
    for (let column = feature[node]!; column !== LEAF; column = feature[node]!) {
      const value = values[offset + column]!;
      const goesRight = value <= number[node]! ? 0 : Number.isNaN(value) ? 1 - missingGoesLeft[node]! : 1;
      node = left[node]! + goesRight;
    }
    return number[node]!;
  }

  private reserve(nodes: number): number {
    const first = this.size;
    this.size += nodes;
    if (this.size > this.feature.length) this.enlarge(2 * this.size);
    return first;
  }

  private enlarge(capacity: number): void {
    this.feature = copyInto(new Int32Array(capacity), this.feature);
    this.left = copyInto(new Int32Array(capacity), this.left);
    this.missingGoesLeft = copyInto(new Uint8Array(capacity), this.missingGoesLeft);
    this.number = copyInto(new Float64Array(capacity), this.number);
  }
}

function copyInto<T extends Int32Array | Uint8Array | Float64Array>(larger: T, smaller: T): T {
  larger.set(smaller);
  return larger;
}
