import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// In development the API is a server that runs beside it.
export default defineConfig({
  plugins: [react()],
  build: { outDir: 'dist', emptyOutDir: true, target: 'es2022' },
  test: { include: ['src/**/*.test.ts'] },
  server: { proxy: { '/v1': process.env.HOOKYARD_URL ?? 'http://127.0.0.1:8080' } },
});
