/** How the files of a feed are compressed as a whole. */
export type Compression =
  | { readonly kind: 'gzip'; readonly level: number }
  | { readonly kind: 'zstd'; readonly level: number }
  | { readonly kind: 'none' }

/** Makes the bytes of one file, chunk by chunk; chunks may be compressed side by side. */
export interface Compressor {
  /** What a file begins with. */
  readonly head: Uint8Array
  /** Bytes of `end()`, at most. */
  readonly endBytes: number
  /** A chunk that was compressed need not be taken: the next one then follows what was taken before. */
  readonly tentative: boolean
  /** The chunk as it follows what was taken so far, or, where that is tentative, `before`. */
  compress(chunk: Uint8Array, before?: Uint8Array): Promise<Uint8Array>
  /** The chunk is in the file. */
  took(chunk: Uint8Array): void
  end(): Promise<Uint8Array>
  /** The file was given up. */
  abort(): void
  /** What bytes that cannot be compressed become, at most. */
  boundOf(chunk: Uint8Array): number
}

/** Added to the names of files. */
export const SUFFIX = { gzip: '.gz', zstd: '.zst', none: '' } as const
