import { memoryDeadLetters } from 'lockstep/memory'
import { deadLetterStoreContract } from '../../contracts/dead-letter-store.js'

deadLetterStoreContract('memory', async () => {
  const store = memoryDeadLetters()
  return { store, other: store, [Symbol.asyncDispose]: async () => {} }
})
