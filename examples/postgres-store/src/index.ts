export { type PostgresStoreOptions, postgresStore, type QueryClient } from './postgres-store.js'
