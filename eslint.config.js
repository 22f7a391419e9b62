// Type-checked lint rules, and the one direction in which imports may point (docs/architecture.md).
import tseslint from 'typescript-eslint';

/** Folders a folder must not import from; `server` and the programs beside it may import everything. */
const FORBIDDEN_IMPORTS = {
  transport: ['adapters', 'models', 'jobs', 'server', 'simulators', 'test', 'demo', 'bench'],
  adapters: ['models', 'jobs', 'server', 'simulators', 'test', 'demo', 'bench'],
  models: ['adapters', 'transport', 'jobs', 'server', 'simulators', 'test', 'demo', 'bench'],
  jobs: ['transport', 'server', 'simulators', 'test', 'demo', 'bench'],
  simulators: ['adapters', 'transport', 'models', 'jobs', 'server', 'test', 'demo', 'bench'],
  server: ['simulators', 'test', 'demo', 'bench'],
};
const NO_FRAMEWORKS = ['transport', 'adapters'];

const importRules = Object.entries(FORBIDDEN_IMPORTS).map(([folder, forbidden]) => ({
  files: [`${folder}/**/*.ts`],
  // A test may reach across, for example to the simulators as witnesses.
  ignores: ['**/*.test.ts'],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: `^(\\.\\./)+(${forbidden.join('|')})/`,
            message: `${folder}/ must not import this folder`,
          },
          ...(NO_FRAMEWORKS.includes(folder)
            ? [
                {
                  regex: '^(express|mongoose|mongodb|agenda|@agendajs/.*)$',
                  message: `${folder}/ knows no framework`,
                },
              ]
            : []),
        ],
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'data/', 'coverage/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': [
        'error',
        { checksVoidReturn: { arguments: false } },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-expressions': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      'max-params': ['error', 5],
    },
  },
  {
    files: ['**/*.ts'],
    ignores: ['server/config.ts', 'test/**', '**/*.test.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'server/config.ts alone reads the environment',
        },
      ],
    },
  },
  { files: ['demo/**/*.ts', 'bench/**/*.ts', 'simulators/cli.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['**/*.test.ts', 'test/**/*.ts'],
    rules: {
      'no-restricted-imports': 'off',
      // Answers of the API are looked at as they come: a wrong guess about one fails the test.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  ...importRules,
);
