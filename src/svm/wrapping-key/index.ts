export { POLICY_PCRS, type PolicyPcr, selectPcr, type WrappingKeyPolicies, wrappingKeyPolicies } from './policies.ts';
export { PARENT_HANDLE, PARENT_TEMPLATE, WRAPPING_KEY_HANDLE, wrappingKeyTemplate } from './template.ts';
