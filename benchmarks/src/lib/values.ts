/** Operations take turns among so many keys. */
export const KEYS = 1_000

/** An object of about 1 KiB as JSON, as a database row with some nesting would be. */
export function product(id: number): object {
  return {
    id,
    name: `Product number ${id}`,
    price: { amount: 19.9, currency: 'EUR' },
    tags: ['one', 'two', 'three', 'four'],
    variants: Array.from({ length: 8 }, (_, index) => ({ sku: `sku-${id}-${index}`, stock: index * 3, active: true })),
    description: 'Lorem ipsum dolor sit amet. '.repeat(16),
  }
}

/** Bytes of every value. */
export function bytes(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => (index * 7_919) % 251))
}

/** An object of about 60 KB as JSON: a list of rows. */
export function largeProduct(id: number): object {
  return { id, products: Array.from({ length: 60 }, (_, index) => product(60 * id + index)) }
}
