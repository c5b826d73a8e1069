import type { ObjectStore } from '../../core/object-store.js'

/** Stores a small JSON object at once. */
export async function putBytes(
  store: ObjectStore,
  name: string,
  put: { readonly bytes: Uint8Array; readonly replace?: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const { bytes, replace = false, signal } = put
  const writer = await store.create(name, { contentType: 'application/json', replace, signal })
  try {
    await writer.write(bytes)
    await writer.commit()
  } catch (error) {
    await writer.abort()
    throw error
  }
}
