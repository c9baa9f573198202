/**
 * Counts what runs: a counter at the head of every function, branch, loop body, case and right side of `&&`, `||`, `??`.
 * Done to the compiled JavaScript as it is loaded, so that an input costs no more than the counters that it reaches;
 * V8's own block coverage takes milliseconds to read.
 */
import ts from 'typescript';

/** Names of the globals that instrumented code uses; `coverage.ts` holds what is behind them. */
const PROLOGUE = 'const {hits:__h,work:__w,stop:__s}=globalThis.__fuzz;';

export interface Instrumented {
  readonly code: string;
  /** Counters used, from `first` on. */
  readonly counters: number;
}

/** `source` is an ES module; line numbers stay as they are. */
export function instrument(name: string, source: string, first: number): Instrumented {
  const file = ts.createSourceFile(name, source, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  const insertions: { readonly at: number; readonly text: string }[] = [];
  let counters = 0;
  const count = (): string => `__h[${first + counters++}]++`;
  const insert = (at: number, text: string): void => {
    insertions.push({ at, text });
  };

  /** A statement or block that is reached by a decision; `extra` is run with it. */
  const statement = (node: ts.Statement, extra = ''): void => {
    if (ts.isBlock(node)) {
      insert(node.getStart() + 1, `${count()};${extra}`);
      visit(node);
      return;
    }
    insert(node.getStart(), `{${count()};${extra}`);
    visit(node);
    insert(node.end, '}');
  };
  const expression = (node: ts.Expression): void => {
    insert(node.getStart(), `(${count()},`);
    visit(node);
    insert(node.end, ')');
  };

  const visit = (node: ts.Node): void => {
    if (ts.isIfStatement(node)) {
      visit(node.expression);
      statement(node.thenStatement);
      if (node.elseStatement !== undefined) statement(node.elseStatement);
    } else if (ts.isIterationStatement(node, false)) {
      ts.forEachChild(node, (child) => {
        if (child !== node.statement) visit(child);
      });
      statement(node.statement, 'if(--__w[0]<0)__s();');
    } else if (ts.isCaseOrDefaultClause(node)) {
      const [head] = node.statements;
      if (ts.isCaseClause(node)) visit(node.expression);
      if (head !== undefined) insert(head.getStart(), `${count()};`);
      for (const child of node.statements) visit(child);
    } else if (ts.isConditionalExpression(node)) {
      visit(node.condition);
      expression(node.whenTrue);
      expression(node.whenFalse);
    } else if (ts.isBinaryExpression(node) && isShortCircuit(node.operatorToken.kind)) {
      visit(node.left);
      expression(node.right);
    } else if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) {
      for (const parameter of node.parameters) visit(parameter);
      expression(node.body);
    } else if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      const body = node.body as ts.Node;
      ts.forEachChild(node, (child) => {
        if (child !== body) visit(child);
      });
      insert(body.getStart() + 1, `${count()};`);
      ts.forEachChild(body, visit);
    } else {
      ts.forEachChild(node, visit);
    }
  };
  visit(file);

  let code = PROLOGUE;
  let from = source.startsWith('#!') ? source.indexOf('\n') : 0;
  // What is inserted at one place stays in its order: openings from outside in, closings from inside out.
  for (const { at, text } of insertions.sort((a, b) => a.at - b.at)) {
    code += source.slice(from, at) + text;
    from = at;
  }
  return { code: code + source.slice(from), counters };
}

function isShortCircuit(kind: ts.SyntaxKind): boolean {
  return (
    kind === ts.SyntaxKind.AmpersandAmpersandToken ||
    kind === ts.SyntaxKind.BarBarToken ||
    kind === ts.SyntaxKind.QuestionQuestionToken
  );
}
