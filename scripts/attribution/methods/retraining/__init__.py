"""Methods from networks trained again on random subsets."""
