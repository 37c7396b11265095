// How far two sets of tensors are apart.

/** Of all tensors, the largest difference of two elements over the tensor's largest element. NaN counts as infinitely far. */
export function furthestApart(
  expected: ReadonlyMap<string, Float32Array>,
  got: ReadonlyMap<string, Float32Array>,
): number {
  let furthest = 0;
  for (const [name, values] of expected) {
    const others = got.get(name);
    if (others?.length !== values.length) return Number.POSITIVE_INFINITY;
    const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
    for (let i = 0; i < values.length; i++) {
      const apart = Math.abs(values[i]! - others[i]!) / scale;
      if (!(apart <= furthest)) furthest = Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart;
    }
  }
  return furthest;
}
