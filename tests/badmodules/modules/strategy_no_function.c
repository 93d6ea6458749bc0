/* It is a shared object, and no module. */
int not_a_module(void);

__attribute__((visibility("default"))) int not_a_module(void)
{
    return 1;
}
