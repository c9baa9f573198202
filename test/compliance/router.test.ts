import { suite } from './suite.ts';

suite('router');
