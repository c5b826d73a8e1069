/** Sources, sinks and stores in memory, for tests of your own flows, and the reference for every other adapter. */
export { MemoryCheckpointStore, memoryCheckpoints } from './checkpoint-store.js'
export { MemoryDeadLetterStore, memoryDeadLetters } from './dead-letter-store.js'
export { MemorySink, type MemorySinkOptions, memorySink } from './sink.js'
export { MemorySource, type MemorySourceOptions, memorySource } from './source.js'
export { MemoryConflictStore, MemoryRunStore, MemoryStateStore, memoryState } from './state.js'
export { MemoryTable, memoryTable } from './table.js'
