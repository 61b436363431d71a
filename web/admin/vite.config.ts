import { defineConfig } from 'vite'

// The pages become a part of the Go program: see mgmt/pages.
export default defineConfig({
  build: {
    outDir: '../../mgmt/pages/files/built',
    emptyOutDir: true,
    assetsInlineLimit: 0, // the content policy allows files of this server only
    modulePreload: { polyfill: false },
  },
  // npm run dev: pages that change as one writes them, on a Management Node that runs here.
  server: { proxy: { '/api': { target: 'https://localhost:8443', secure: false } } },
})
