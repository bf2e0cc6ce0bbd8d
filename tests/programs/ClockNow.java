/** Prints the wall clock's whole second, as a program of the Java machine sees it. */
public class ClockNow {
  public static void main(String[] arguments) {
    System.out.println("now " + System.currentTimeMillis() / 1000);
  }
}
