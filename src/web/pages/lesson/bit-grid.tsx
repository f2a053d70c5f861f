/** The 256 bits of a hash as a field of squares; those that differ from another hash have a border. */

const columns = 32;

export function BitGrid({ bytes, other }: { bytes: Uint8Array; other: Uint8Array | undefined }) {
  const bits = Array.from({ length: bytes.length * 8 }, (_, index) => {
    const mask = 0x80 >> (index & 7);
    const byte = bytes[index >> 3] as number;
    return {
      isOne: (byte & mask) !== 0,
      differs: other !== undefined && ((byte ^ (other[index >> 3] as number)) & mask) !== 0,
    };
  });
  return (
    // The sentence beside it says what it shows.
    <svg class="lesson-bits" viewBox={`0 0 ${columns} ${bits.length / columns}`} aria-hidden="true">
      {bits.map(({ isOne, differs }, index) => (
        <rect
          key={index}
          class={`${isOne ? "one" : "zero"}${differs ? " differs" : ""}`}
          x={(index % columns) + 0.1}
          y={Math.floor(index / columns) + 0.1}
          width="0.8"
          height="0.8"
        />
      ))}
    </svg>
  );
}
