import { suite } from './suite.ts';

suite('host');
