// `node --import` this: a child process of a test runs the sources themselves, not a build that may be older.
import { register } from 'node:module';

register(
  `data:text/javascript,${encodeURIComponent(`
    import { readFile } from 'node:fs/promises';
    import { fileURLToPath } from 'node:url';
    import ts from ${JSON.stringify(import.meta.resolve('typescript'))};
    export async function load(url, context, next) {
      if (!url.endsWith('.ts')) return next(url, context);
      const text = await readFile(fileURLToPath(url), 'utf8');
      const { outputText } = ts.transpileModule(text, {
        compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
      });
      return { format: 'module', source: outputText, shortCircuit: true };
    }
  `)}`,
);
